"""Model families and their versions: what predicts, what came before, and who decided so."""

from __future__ import annotations

from typing import Any, get_args

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.access import project_for
from inference import selectors
from inference.access import access_family, access_report, access_version, accessible_families
from inference.claims import claims_json
from inference.engine.config import settings_of
from inference.engine.gradings.cards import GRADING_CARDS
from inference.engine.operating_point import Kind
from inference.engine.recipe_card import RecipeCard
from inference.engine.recipe_cards import RECIPE_CARDS, RECIPES
from inference.models import ModelVersion, Promotion
from inference.services.families import family_create, plan_declare
from inference.services.promotion import roll_back, version_promote, version_refuse
from webapp.api.base import caller, checked
from webapp.api.projects import PersonOut

VERDICTS = ["passed", "refused", "cannot_tell"]
POINTS = list(get_args(Kind))


class ShortVersionOut(serializers.Serializer[Any]):
    """A version by number."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=ModelVersion.State.choices)


class ModelSnapshotOut(serializers.Serializer[Any]):
    """The dataset that something was made from."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    digest = serializers.CharField()


class AnsweredForOut(serializers.Serializer[Any]):
    """Who answered for a first model that did not pass for where it looks, and why."""

    by = PersonOut(allow_null=True)
    reason = serializers.CharField()
    at = serializers.DateTimeField()


class VersionOut(ShortVersionOut):
    """A version of a model; ``digest`` is of its weights."""

    family_id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    digest = serializers.CharField()
    training_run_id = serializers.UUIDField(allow_null=True)
    snapshot = ModelSnapshotOut(allow_null=True)
    report_id = serializers.UUIDField(allow_null=True)
    gate_passed = serializers.BooleanField(allow_null=True)
    gate_sentence = serializers.CharField()
    gate_verdict = serializers.ChoiceField(choices=VERDICTS, allow_null=True)
    look = serializers.IntegerField(allow_null=True)
    answered_for = AnsweredForOut(allow_null=True)


class EntryOut(serializers.Serializer[Any]):
    """A setting of a training, or a limit of a plan: what it means and what it may be."""

    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.ChoiceField(choices=["choice", "switch", "count", "share", "list"])
    choices = serializers.ListField(child=serializers.JSONField())
    minimum = serializers.FloatField(allow_null=True, help_text="Of each number of a list.")
    maximum = serializers.FloatField(allow_null=True)
    optional = serializers.BooleanField(help_text="Whether it may be left empty.")
    default = serializers.JSONField()
    usual = serializers.BooleanField(help_text="Whether many will change it.")
    nothing_at = serializers.FloatField(
        allow_null=True, help_text="The value by which it asks for nothing; null where there is none."
    )


class PointOut(serializers.Serializer[Any]):
    """An operating point as a choice; “…” stands for its number."""

    kind = serializers.ChoiceField(choices=POINTS)
    words = serializers.CharField()


class RecipeOut(serializers.Serializer[Any]):
    """What a family can be: a recipe, by its card."""

    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    application = serializers.CharField()
    modalities = serializers.ListField(child=serializers.CharField(), help_text="Empty: any.")
    question = serializers.CharField(help_text="What a dataset asks that it learns from.")
    licence = serializers.CharField()
    dimensions = serializers.ListField(child=serializers.IntegerField())
    settings = serializers.SerializerMethodField(help_text="What may be set of a training; the form is drawn from it.")
    operating_points = serializers.SerializerMethodField(help_text="Where its thresholds may be chosen to lie.")

    @extend_schema_field(EntryOut(many=True))
    def get_settings(self, card: RecipeCard) -> list[dict[str, Any]]:
        """Return the settings, as ``Settings.entries`` says."""
        return settings_of(card.name).entries()

    @extend_schema_field(PointOut(many=True))
    def get_operating_points(self, card: RecipeCard) -> list[dict[str, str]]:
        """Return the operating points that its grading knows."""
        return [{"kind": kind, "words": words} for kind, words in GRADING_CARDS[card.graded].points.items()]


class OperatingPointOut(serializers.Serializer[Any]):
    """Where decisions lie, and that in words."""

    kind = serializers.ChoiceField(choices=POINTS)
    value = serializers.FloatField(allow_null=True)
    sentence = serializers.CharField()


class PatientsWantedOut(serializers.Serializer[Any]):
    """Test patients with and without a label below which no equally good version can pass."""

    positive = serializers.IntegerField()
    negative = serializers.IntegerField()


class PlanOut(serializers.Serializer[Any]):
    """A declared change plan: all its limits, and who declared it why."""

    number = serializers.IntegerField()
    limits = serializers.DictField()
    patients_wanted = PatientsWantedOut()
    operating_point = OperatingPointOut()
    declared_by = PersonOut(allow_null=True)
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()


class PlansOut(serializers.Serializer[Any]):
    """The plans of a family, newest first; the first of them is in force."""

    plans = PlanOut(many=True)
    entries = EntryOut(many=True)


class PlanIn(serializers.Serializer[Any]):
    """A plan to declare; a limit that is not named takes its default."""

    limits = serializers.DictField(default=dict)
    operating_point = serializers.DictField(default=dict)
    reason = serializers.CharField(max_length=2000)


class FamilyOut(serializers.Serializer[Any]):
    """A model family with its versions, newest first."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    title = serializers.CharField()
    project = serializers.CharField()
    recipe = serializers.CharField()
    question = serializers.CharField(help_text="What a dataset asks that it learns from.")
    label_keys = serializers.ListField(child=serializers.CharField())
    modalities = serializers.ListField(child=serializers.CharField())
    plan = PlanOut()
    live = VersionOut(allow_null=True)
    roll_back_to = VersionOut(allow_null=True)
    versions = VersionOut(many=True)
    training_settings = EntryOut(many=True)


class FamilyIn(serializers.Serializer[Any]):
    """A model family to begin."""

    project = serializers.SlugField()
    slug = serializers.SlugField(max_length=60)
    title = serializers.CharField(max_length=120)
    recipe = serializers.ChoiceField(choices=RECIPES)
    label_keys = serializers.ListField(child=serializers.SlugField(), allow_empty=False, max_length=64)
    modalities = serializers.ListField(child=serializers.CharField(max_length=16), default=list, max_length=20)
    change_plan = serializers.DictField(default=dict)
    operating_point = serializers.DictField(default=dict)
    reason = serializers.CharField(max_length=2000, help_text="Why these limits: the plan is declared with it.")


class VersionFamilyOut(serializers.Serializer[Any]):
    """The family of a version."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    title = serializers.CharField()


class ReportRowOut(serializers.Serializer[Any]):
    """A report without its numbers."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    digest = serializers.CharField()
    passed = serializers.BooleanField(allow_null=True)
    sentence = serializers.CharField()
    compared_with = ShortVersionOut(allow_null=True)


class VersionDetailOut(VersionOut):
    """A version with its card and reports."""

    family = VersionFamilyOut()
    card = serializers.JSONField()
    card_digest = serializers.CharField()
    reports = ReportRowOut(many=True)


class ClaimOut(serializers.Serializer[Any]):
    """What was measured on test answers between two probabilities."""

    low = serializers.FloatField()
    high = serializers.FloatField()
    n = serializers.IntegerField()
    shown = serializers.IntegerField(help_text="Of these, how many showed the label.")
    stands = serializers.ChoiceField(choices=["measured", "disproved", "unmeasured"])
    sentence = serializers.CharField()


class ClaimsOut(serializers.Serializer[Any]):
    """What a version's probabilities are worth, by label, in ten bins; no label without a report."""

    version_id = serializers.UUIDField()
    report_id = serializers.UUIDField(allow_null=True)
    labels = serializers.DictField(child=ClaimOut(many=True))


class PromotionOut(serializers.Serializer[Any]):
    """A change of the live version, forward or back."""

    id = serializers.UUIDField()
    direction = serializers.ChoiceField(choices=Promotion.Direction.choices)
    from_version = ShortVersionOut(allow_null=True)
    to_version = ShortVersionOut()
    report_id = serializers.UUIDField(allow_null=True)
    decided_by = PersonOut(allow_null=True)
    reason = serializers.CharField()
    answered_for = serializers.CharField(help_text="Why, though it did not pass for where it looks; else empty.")
    created_at = serializers.DateTimeField()


class PromoteIn(serializers.Serializer[Any]):
    """Why, and on which report, a version goes live.

    ``answered_for`` is asked for where a first model does not pass only for where it looks.
    """

    report_id = serializers.UUIDField()
    reason = serializers.CharField(max_length=2000)
    answered_for = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ModelReasonIn(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=2000)


class Recipes(APIView):
    """What a family can be."""

    @extend_schema(operation_id="recipes_list", responses=RecipeOut(many=True))
    def get(self, request: Request) -> Response:
        """List the recipes by their cards."""
        return Response(RecipeOut(list(RECIPE_CARDS.values()), many=True).data)


class Models(APIView):
    """Model families."""

    @extend_schema(
        operation_id="models_list", parameters=[OpenApiParameter("project", str)], responses=FamilyOut(many=True)
    )
    def get(self, request: Request) -> Response:
        """List the families of the caller's projects, or of one."""
        rows = accessible_families(caller(request), project=request.GET.get("project"))
        return Response(FamilyOut(selectors.families_json(rows.order_by("title")), many=True).data)

    @extend_schema(operation_id="models_create", request=FamilyIn, responses={201: FamilyOut})
    def post(self, request: Request) -> Response:
        """Begin a family; it predicts nothing before its first version is live."""
        user, fields = caller(request), checked(FamilyIn, request)
        project = project_for(user, "model.promote", slug=fields.pop("project"))
        family = family_create(project=project, by=user, **fields)
        return Response(FamilyOut(selectors.family_json(family)).data, status=201)


class PlanEntries(APIView):
    """What a change plan says."""

    @extend_schema(operation_id="models_plan_entries", responses=EntryOut(many=True))
    def get(self, request: Request) -> Response:
        """List the limits that a plan sets: what each means, what it may be, and its default."""
        return Response(EntryOut(selectors.plan_entries(), many=True).data)


class ModelDetail(APIView):
    """One family."""

    @extend_schema(operation_id="models_read", responses=FamilyOut)
    def get(self, request: Request, id: str) -> Response:
        """Return the family with its versions."""
        return Response(FamilyOut(selectors.family_json(access_family(caller(request), "model.read", id=id))).data)


class ModelPromotions(APIView):
    """Which version was live, and why."""

    @extend_schema(operation_id="models_promotions", responses=PromotionOut(many=True))
    def get(self, request: Request, id: str) -> Response:
        """List the changes of the live version, newest first."""
        family = access_family(caller(request), "model.read", id=id)
        return Response(PromotionOut(selectors.promotions_json(family), many=True).data)


class ModelPlans(APIView):
    """What a family's versions must reach."""

    @extend_schema(operation_id="models_plans", responses=PlansOut)
    def get(self, request: Request, id: str) -> Response:
        """Return the declared plans, newest first, and what each limit means."""
        family = access_family(caller(request), "model.read", id=id)
        return Response(PlansOut(selectors.plans_json(family)).data)

    @extend_schema(operation_id="models_declare_plan", request=PlanIn, responses={201: PlansOut})
    def post(self, request: Request, id: str) -> Response:
        """Declare another plan, for the trainings from now on."""
        user = caller(request)
        family = access_family(user, "model.promote", id=id)
        plan_declare(family=family, by=user, **checked(PlanIn, request))
        return Response(PlansOut(selectors.plans_json(family)).data, status=201)


class ModelRollBack(APIView):
    """The way back."""

    @extend_schema(operation_id="models_roll_back", request=ModelReasonIn, responses=FamilyOut)
    def post(self, request: Request, id: str) -> Response:
        """Make the version live again that was live before."""
        user = caller(request)
        family = access_family(user, "model.promote", id=id)
        roll_back(family=family, by=user, **checked(ModelReasonIn, request))
        return Response(FamilyOut(selectors.family_json(access_family(user, "model.read", id=id))).data)


class VersionDetail(APIView):
    """One version."""

    @extend_schema(operation_id="versions_read", responses=VersionDetailOut)
    def get(self, request: Request, id: str) -> Response:
        """Return the version's card and reports."""
        version = access_version(caller(request), "model.read", id=id)
        return Response(VersionDetailOut(selectors.version_whole_json(version)).data)


class VersionClaims(APIView):
    """What a version's probabilities are worth."""

    @extend_schema(operation_id="versions_claims", responses=ClaimsOut)
    def get(self, request: Request, id: str) -> Response:
        """Return what its newest report measured on test answers, by label and tenth of probability."""
        version = access_version(caller(request), "prediction.read", id=id)
        return Response(ClaimsOut(claims_json(version)).data)


class VersionPromote(APIView):
    """The way forward."""

    @extend_schema(operation_id="versions_promote", request=PromoteIn, responses=FamilyOut)
    def post(self, request: Request, id: str) -> Response:
        """Make a version live whose report passed the gate; the old one is retired, not overwritten."""
        user = caller(request)
        version, fields = access_version(user, "model.promote", id=id), checked(PromoteIn, request)
        report = access_report(user, "model.promote", id=fields["report_id"])
        version_promote(
            version=version, by=user, report=report, reason=fields["reason"], answered_for=fields["answered_for"]
        )
        family = access_family(user, "model.read", id=version.family_id)
        return Response(FamilyOut(selectors.family_json(family)).data)


class VersionRefuse(APIView):
    """A version put aside."""

    @extend_schema(operation_id="versions_refuse", request=ModelReasonIn, responses=VersionOut)
    def post(self, request: Request, id: str) -> Response:
        """Put a version aside for good, with a reason."""
        user = caller(request)
        version = access_version(user, "model.promote", id=id)
        refused = version_refuse(version=version, by=user, **checked(ModelReasonIn, request))
        return Response(VersionOut(selectors.version_json(refused)).data)


urlpatterns = [
    path("recipes", Recipes.as_view()),
    path("models", Models.as_view()),
    path("models/plan-entries", PlanEntries.as_view()),
    path("models/<uuid:id>", ModelDetail.as_view()),
    path("models/<uuid:id>/plans", ModelPlans.as_view()),
    path("models/<uuid:id>/promotions", ModelPromotions.as_view()),
    path("models/<uuid:id>/roll-back", ModelRollBack.as_view()),
    path("versions/<uuid:id>", VersionDetail.as_view()),
    path("versions/<uuid:id>/claims", VersionClaims.as_view()),
    path("versions/<uuid:id>/promote", VersionPromote.as_view()),
    path("versions/<uuid:id>/refuse", VersionRefuse.as_view()),
]

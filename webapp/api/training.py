"""Trainings: what they would cost, how they go, how they end."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.access import access_snapshot
from core.models import Job
from inference import selectors
from inference.access import access_family, access_run, accessible_runs
from inference.family_facts import training_config
from inference.models import ModelVersion
from inference.proof import proof_by_plan
from inference.services.training import training_cancel, training_estimate, training_request, training_resume
from webapp.api.base import caller, checked
from webapp.api.models import ModelSnapshotOut, ShortVersionOut, VersionFamilyOut
from webapp.api.projects import PersonOut


class TrainingErrorOut(serializers.Serializer[Any]):
    """Why a training came to nothing."""

    code = serializers.CharField()
    message = serializers.CharField()


class TrainingNumbersOut(serializers.Serializer[Any]):
    """Where a training is; ``share`` (0..1) of the whole is done, ``step`` counts over all epochs."""

    phase = serializers.ChoiceField(choices=["preparing", "training", "validating", "calibrating", "finished"])
    epoch = serializers.IntegerField()
    epochs = serializers.IntegerField()
    step = serializers.IntegerField()
    steps = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    losses = serializers.DictField(child=serializers.FloatField())
    metric_name = serializers.CharField()
    metric = serializers.FloatField(allow_null=True)
    eta_seconds = serializers.FloatField(allow_null=True)
    elapsed_seconds = serializers.FloatField()
    loader_share = serializers.FloatField(allow_null=True, default=None)
    notes = serializers.ListField(child=serializers.CharField(), default=list)


class TrainingEpochOut(serializers.Serializer[Any]):
    """One finished epoch."""

    epoch = serializers.IntegerField()
    losses = serializers.DictField(child=serializers.FloatField())
    metric_name = serializers.CharField()
    metric = serializers.FloatField(allow_null=True)
    loader_share = serializers.FloatField(allow_null=True, default=None)


class TrainingRunOut(serializers.Serializer[Any]):
    """One training; ``state`` is that of its job."""

    id = serializers.UUIDField()
    family = VersionFamilyOut()
    state = serializers.ChoiceField(choices=Job.State.choices)
    cancel_requested = serializers.BooleanField()
    attempt = serializers.IntegerField()
    progress = TrainingNumbersOut(allow_null=True)
    curves = TrainingEpochOut(many=True)
    estimate = serializers.JSONField()
    proposed = serializers.JSONField(help_text="What the dataset asked for, and what was chosen otherwise; else {}.")
    config = serializers.JSONField()
    environment = serializers.JSONField()
    snapshot = ModelSnapshotOut()
    parent = ShortVersionOut(allow_null=True)
    plan = serializers.IntegerField()
    version_id = serializers.UUIDField(allow_null=True)
    version_state = serializers.ChoiceField(choices=ModelVersion.State.choices, allow_null=True)
    report_id = serializers.UUIDField(allow_null=True)
    reason = serializers.CharField()
    requested_by = PersonOut(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    error = TrainingErrorOut(allow_null=True)


class TrainingEstimateIn(serializers.Serializer[Any]):
    """What to train on, with which settings (any of the family's ``training_settings``)."""

    snapshot_id = serializers.UUIDField()
    config = serializers.DictField(default=dict)


class TrainingIn(TrainingEstimateIn):
    """A training to start."""

    reason = serializers.CharField(max_length=2000)
    proposal = serializers.CharField(
        max_length=64, default="", allow_blank=True, help_text="Digest of the proposed settings that it began with."
    )


class ProvableOut(serializers.Serializer[Any]):
    """Chance that an equal version is shown not to be worse, and the margin by which it is 4 times in 5."""

    chance = serializers.FloatField()
    smallest = serializers.FloatField(allow_null=True)


class LabelProofOut(serializers.Serializer[Any]):
    """What a test split can prove of one label; counts are of patients."""

    positive = serializers.IntegerField()
    negative = serializers.IntegerField()
    passes_if_equal = serializers.FloatField()
    auc = ProvableOut()
    sensitivity = ProvableOut()
    specificity = ProvableOut()
    missing_positive = serializers.IntegerField()
    missing_negative = serializers.IntegerField()


class ProofOut(serializers.Serializer[Any]):
    """What a test split can prove by the plan in force."""

    labels = serializers.DictField(child=LabelProofOut())
    can_pass = serializers.BooleanField()
    sentences = serializers.ListField(child=serializers.CharField())


class PatientsIn(serializers.Serializer[Any]):
    """Test patients with and without a label."""

    positive = serializers.IntegerField(min_value=0, max_value=1_000_000)
    negative = serializers.IntegerField(min_value=0, max_value=1_000_000)


class ProofIn(serializers.Serializer[Any]):
    """A test split, there or only thought of: patients by label."""

    labels = serializers.DictField(child=PatientsIn())


class ResourceOut(serializers.Serializer[Any]):
    """What a training needs at most at once (bytes, or seconds of the low estimate), and what there is."""

    name = serializers.ChoiceField(choices=["memory", "disk", "time"])
    needed = serializers.FloatField(allow_null=True, help_text="Null: its recipe does not say.")
    available = serializers.FloatField()
    fits = serializers.BooleanField()
    sentence = serializers.CharField()


class FittingOut(serializers.Serializer[Any]):
    """Settings that would fit: those that are to be changed."""

    changes = serializers.DictField()
    sentence = serializers.CharField()


class TrainingEstimateOut(serializers.Serializer[Any]):
    """How long it would take, as a range, and how well the test split can tell equal from worse."""

    seconds = serializers.FloatField()
    seconds_low = serializers.FloatField()
    seconds_high = serializers.FloatField()
    steps = serializers.IntegerField()
    training_cases = serializers.IntegerField()
    validation_cases = serializers.IntegerField()
    test_cases = serializers.IntegerField()
    measured_runs = serializers.IntegerField()
    resources = ResourceOut(many=True)
    fits = serializers.BooleanField(help_text="A training that does not fit is refused.")
    fitting = FittingOut(allow_null=True, help_text="What would fit; null where it fits, or nothing does.")
    sentences = serializers.ListField(child=serializers.CharField())
    plan = serializers.IntegerField()
    proof = ProofOut()
    look_sentence = serializers.CharField(allow_blank=True)
    warm_start_possible = serializers.BooleanField()
    warm_start_warning = serializers.CharField(allow_blank=True)
    config = serializers.JSONField(help_text="All settings that it would have.")


class ModelTrainingEstimate(APIView):
    """A look before training."""

    @extend_schema(operation_id="training_estimate", request=TrainingEstimateIn, responses=TrainingEstimateOut)
    def post(self, request: Request, id: str) -> Response:
        """Say how long it would take."""
        user = caller(request)
        family, fields = access_family(user, "training.request", id=id), checked(TrainingEstimateIn, request)
        snapshot = access_snapshot(user, "snapshot.read", id=fields["snapshot_id"])
        estimate = training_estimate(family=family, snapshot=snapshot, chosen=fields["config"])
        config = training_config(family, fields["config"]).to_json()
        return Response(TrainingEstimateOut({**estimate, "config": config}).data)


class ModelProof(APIView):
    """What a test split could prove."""

    @extend_schema(operation_id="models_proof", request=ProofIn, responses=ProofOut)
    def post(self, request: Request, id: str) -> Response:
        """Say what so many test patients can prove by the plan in force; nothing is kept."""
        family, fields = access_family(caller(request), "model.read", id=id), checked(ProofIn, request)
        return Response(ProofOut(proof_by_plan(family, fields["labels"])).data)


class ModelTraining(APIView):
    """The start of a training."""

    @extend_schema(operation_id="training_request", request=TrainingIn, responses={201: TrainingRunOut})
    def post(self, request: Request, id: str) -> Response:
        """Start a training on a frozen dataset."""
        user = caller(request)
        family, fields = access_family(user, "training.request", id=id), checked(TrainingIn, request)
        snapshot = access_snapshot(user, "snapshot.read", id=fields["snapshot_id"])
        run = training_request(
            family=family, snapshot=snapshot, chosen=fields["config"], reason=fields["reason"], requested_by=user,
            proposal=fields["proposal"],
        )  # fmt: skip
        return Response(TrainingRunOut(selectors.run_json(run)).data, status=201)


class Trainings(APIView):
    """Trainings of the caller's projects."""

    @extend_schema(
        operation_id="training_list", parameters=[OpenApiParameter("project", str)], responses=TrainingRunOut(many=True)
    )
    def get(self, request: Request) -> Response:
        """List the newest hundred."""
        rows = accessible_runs(caller(request), project=request.GET.get("project"))
        newest = rows.select_related("family", "snapshot", "parent", "requested_by").order_by("-created_at")[:100]
        return Response(TrainingRunOut(selectors.runs_json(newest), many=True).data)


class TrainingDetail(APIView):
    """One training."""

    @extend_schema(operation_id="training_read", responses=TrainingRunOut)
    def get(self, request: Request, id: str) -> Response:
        """Return its state, progress and curves."""
        return Response(TrainingRunOut(selectors.run_json(access_run(caller(request), "training.read", id=id))).data)


class TrainingCancel(APIView):
    """The end of a training before its end."""

    @extend_schema(operation_id="training_cancel", request=None, responses=TrainingRunOut)
    def post(self, request: Request, id: str) -> Response:
        """Cancel: at once when it waits, before the next batch when it runs."""
        user = caller(request)
        run = training_cancel(run=access_run(user, "training.request", id=id), by=user)
        return Response(TrainingRunOut(selectors.run_json(run)).data)


class TrainingResume(APIView):
    """A training that goes on."""

    @extend_schema(operation_id="training_resume", request=None, responses=TrainingRunOut)
    def post(self, request: Request, id: str) -> Response:
        """Go on from the last checkpoint of a training that failed or was cancelled."""
        user = caller(request)
        run = training_resume(run=access_run(user, "training.request", id=id), by=user)
        return Response(TrainingRunOut(selectors.run_json(run)).data)


urlpatterns = [
    path("models/<uuid:id>/proof", ModelProof.as_view()),
    path("models/<uuid:id>/training/estimate", ModelTrainingEstimate.as_view()),
    path("models/<uuid:id>/training", ModelTraining.as_view()),
    path("training", Trainings.as_view()),
    path("training/<uuid:id>", TrainingDetail.as_view()),
    path("training/<uuid:id>/cancel", TrainingCancel.as_view()),
    path("training/<uuid:id>/resume", TrainingResume.as_view()),
]

"""Findings, their revisions, and reviewers' decisions about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import selectors
from annotations.access import access_finding, access_revision, access_workitem
from annotations.content.revision_json import review_json, revision_json
from annotations.geometry.kinds import KINDS
from annotations.models import Finding, Review
from annotations.services.reviews import review_record
from annotations.services.revisions import finding_create, finding_delete, revision_append, revision_restore
from annotations.services.sights import findings_sent
from inference.answers import model_says
from webapp.api.answers import ProposingVersionOut, with_predictions
from webapp.api.base import caller, checked, etag, if_match
from webapp.api.projects import PersonOut

if TYPE_CHECKING:
    from core.models import User

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description="The digest of the head revision, quoted."
)

ANSWER_SEEN = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="Of an image label: the digest, quoted, of the own answer that it replaces. The first has none.",
)

#: Every kind of drawing, by name.
KIND_CHOICES = [(kind.name, kind.word) for kind in KINDS.values()]


class GeometryOut(serializers.Serializer[Any]):
    """A shape: LPS mm in patient space, (column, row) pixels in image space."""

    space = serializers.ChoiceField(choices=["patient", "image"])
    frame_of_reference_uid = serializers.CharField(allow_null=True)
    sop_instance_uid = serializers.CharField()
    frame_number = serializers.IntegerField(min_value=1)
    points = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))


class MaskFrameOut(serializers.Serializer[Any]):
    """The painted pixels of one frame: start, length, start, length, … over row-major pixels."""

    sop_instance_uid = serializers.CharField()
    frame_number = serializers.IntegerField(min_value=1)
    runs = serializers.ListField(child=serializers.IntegerField())


class MaskOut(serializers.Serializer[Any]):
    """A segmentation of one series."""

    series_instance_uid = serializers.CharField()
    rows = serializers.IntegerField()
    columns = serializers.IntegerField()
    frames = MaskFrameOut(many=True)


class MeasureOut(serializers.Serializer[Any]):
    """A measured value, computed by the server; mm only where the image proves its spacing."""

    value = serializers.FloatField()
    unit = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a declared field is no attribute of the class
    words = serializers.CharField(required=False)


class RevisionContentOut(serializers.Serializer[Any]):
    """What a finding says."""

    kind = serializers.ChoiceField(choices=KIND_CHOICES)
    label_key = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_blank=True)
    text = serializers.CharField(allow_blank=True)
    present = serializers.BooleanField(allow_null=True)
    color = serializers.CharField(allow_null=True)
    locked = serializers.BooleanField()
    geometry = GeometryOut(allow_null=True)
    mask = MaskOut(allow_null=True)
    measures = serializers.DictField(child=MeasureOut())


@extend_schema_field(RevisionContentOut)
class ContentField(serializers.JSONField):
    """A content; checked by ``annotations.content.checks``, strictly and with its own codes."""


class RevisionOut(serializers.Serializer[Any]):
    """One revision of a finding; its digest is its ETag."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    parent = serializers.UUIDField(allow_null=True)  # type: ignore[assignment]  # see MeasureOut.source
    author = PersonOut(allow_null=True)
    created_at = serializers.DateTimeField()
    digest = serializers.CharField()
    cause = serializers.CharField()
    label_key = serializers.CharField(allow_null=True)
    content = ContentField()
    difference = serializers.DictField()
    ai_visible = serializers.BooleanField()


class ReviewOut(serializers.Serializer[Any]):
    """A reviewer's decision about one revision."""

    id = serializers.UUIDField()
    decision = serializers.ChoiceField(choices=Review.Decision.choices)
    reason = serializers.CharField()
    remark = serializers.CharField()
    reviewer = PersonOut()
    created_at = serializers.DateTimeField()
    revision = serializers.UUIDField()
    corrected_revision = serializers.UUIDField(allow_null=True)
    difference = serializers.DictField()
    saliency_shown = serializers.BooleanField()
    at_sign_off = serializers.BooleanField()


class FindingMayOut(serializers.Serializer[Any]):
    """What the caller may do with the finding now."""

    edit = serializers.BooleanField()
    delete = serializers.BooleanField()
    restore = serializers.BooleanField()
    review = serializers.BooleanField()


class FindingOut(serializers.Serializer[Any]):
    """A finding with its head revision and the decisions about it.

    ``decision`` is the one that stands, ``must_be_decided`` says that signing off waits for one, ``abandoned`` that it
    was said in a reading that was given up. ``rejections`` are the reasons that a rejection of it can have;
    ``changes_the_reading`` says that a case with it is signed off as corrected.
    """

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=KIND_CHOICES)
    author = PersonOut(allow_null=True)
    algorithm_type = serializers.ChoiceField(choices=Finding.AlgorithmType.choices)
    algorithm_name = serializers.CharField()
    algorithm_version = serializers.CharField()
    probability = serializers.FloatField(allow_null=True)
    threshold = serializers.FloatField(allow_null=True)
    deleted = serializers.BooleanField()
    head = RevisionOut()
    reviews = ReviewOut(many=True)
    prediction_id = serializers.UUIDField(allow_null=True)
    proposed_by = ProposingVersionOut(allow_null=True)
    superseded_at = serializers.DateTimeField(allow_null=True)
    may = FindingMayOut()
    decision = ReviewOut(allow_null=True)
    rejections = serializers.ListField(child=serializers.ChoiceField(choices=Review.Reason.choices))
    must_be_decided = serializers.BooleanField()
    changes_the_reading = serializers.BooleanField()
    abandoned = serializers.BooleanField()


class FindingIn(serializers.Serializer[Any]):
    """A new finding."""

    content = ContentField()
    client_key = serializers.CharField(max_length=64, allow_blank=True, default="")


class RevisionIn(FindingIn):
    """What the author says now."""

    cause = serializers.ChoiceField(choices=["edit", "merge"], default="edit")


class RestoreIn(serializers.Serializer[Any]):
    """Which revision to say again."""

    revision_id = serializers.UUIDField()


class ReviewIn(serializers.Serializer[Any]):
    """A decision; a rejection needs a reason, a correction the corrected content."""

    decision = serializers.ChoiceField(choices=Review.Decision.choices)
    reason = serializers.ChoiceField(choices=Review.Reason.choices, allow_blank=True, default="")
    remark = serializers.CharField(allow_blank=True, default="", max_length=4000)
    corrected_content = ContentField(allow_null=True, default=None)
    saliency_shown = serializers.BooleanField(default=False)
    decision_seen = serializers.UUIDField(
        allow_null=True, default=None, help_text="The decision that stood when the reviewer looked; null: none did."
    )


def _sent(user: User, finding: Finding) -> dict[str, Any]:
    """Return a finding in the API's shape, with what it tells of a model noted as seen."""
    row = selectors.finding_json(user, finding, model_says(finding.workitem))
    findings_sent(user, finding.workitem, [row])
    (shown,) = with_predictions([row])
    return shown


class WorkitemFindings(APIView):
    """The findings of a study."""

    @extend_schema(operation_id="findings_list", responses=FindingOut(many=True))
    def get(self, request: Request, id: str) -> Response:
        """List the findings the caller may know of; the model's are left out while the reveal rule hides them."""
        workitem = access_workitem(caller(request), "workitem.read", id=id)
        shown = selectors.findings_json(caller(request), workitem, model_says(workitem))
        findings_sent(caller(request), workitem, shown)
        return Response(FindingOut(with_predictions(shown), many=True).data)

    @extend_schema(
        operation_id="findings_create", parameters=[ANSWER_SEEN], request=FindingIn, responses={201: FindingOut}
    )
    def post(self, request: Request, id: str) -> Response:
        """Begin a finding; the same client key returns the one it made, 412 carries an answer that was not seen."""
        workitem = access_workitem(caller(request), "finding.write", id=id)
        fields, match = checked(FindingIn, request), if_match(request, required=False)
        finding = finding_create(workitem=workitem, author=caller(request), if_match=match, **fields)
        shown = _sent(caller(request), finding)
        return Response(FindingOut(shown).data, status=201, headers=etag(shown["head"]["digest"]))


class FindingRevisions(APIView):
    """The history of a finding."""

    @extend_schema(operation_id="revisions_list", responses=RevisionOut(many=True))
    def get(self, request: Request, id: str) -> Response:
        """List who said what and when, oldest first."""
        finding = access_finding(caller(request), "workitem.read", id=id)
        findings_sent(caller(request), finding.workitem, [vars(finding)])
        return Response(RevisionOut(selectors.history_json(finding), many=True).data)

    @extend_schema(
        operation_id="revisions_append", parameters=[IF_MATCH], request=RevisionIn, responses={201: RevisionOut}
    )
    def post(self, request: Request, id: str) -> Response:
        """Append what the author says now; 412 carries the head when somebody was faster."""
        finding = access_finding(caller(request), "finding.write", id=id)
        fields, match = checked(RevisionIn, request), if_match(request, required=False)
        revision = revision_append(finding=finding, author=caller(request), if_match=match, **fields)
        return Response(RevisionOut(revision_json(revision)).data, status=201, headers=etag(revision.digest))


class FindingDetail(APIView):
    """One finding."""

    @extend_schema(operation_id="findings_read", responses=FindingOut)
    def get(self, request: Request, id: str) -> Response:
        """Return the finding with its head and reviews."""
        finding = access_finding(caller(request), "workitem.read", id=id)
        shown = _sent(caller(request), finding)
        return Response(FindingOut(shown).data, headers=etag(shown["head"]["digest"]))

    @extend_schema(operation_id="findings_delete", parameters=[IF_MATCH], responses={200: RevisionOut})
    def delete(self, request: Request, id: str) -> Response:
        """Take the finding back; restoring a revision undoes it."""
        finding = access_finding(caller(request), "finding.write", id=id)
        revision = finding_delete(finding=finding, author=caller(request), if_match=if_match(request))
        return Response(RevisionOut(revision_json(revision)).data, headers=etag(revision.digest))


class FindingRestore(APIView):
    """Back to an earlier revision."""

    @extend_schema(
        operation_id="revisions_restore", parameters=[IF_MATCH], request=RestoreIn, responses={201: RevisionOut}
    )
    def post(self, request: Request, id: str) -> Response:
        """Say again what an earlier revision said, as a new revision."""
        finding = access_finding(caller(request), "finding.write", id=id)
        match, fields = if_match(request), checked(RestoreIn, request)
        wanted = access_revision(finding, id=fields["revision_id"])
        revision = revision_restore(finding=finding, author=caller(request), revision=wanted, if_match=match)
        return Response(RevisionOut(revision_json(revision)).data, status=201, headers=etag(revision.digest))


class FindingReviews(APIView):
    """Decisions about a finding."""

    @extend_schema(operation_id="reviews_record", parameters=[IF_MATCH], request=ReviewIn, responses={201: ReviewOut})
    def post(self, request: Request, id: str) -> Response:
        """Accept, correct or reject the head of a finding; 412 says what somebody else did to it meanwhile."""
        finding = access_finding(caller(request), "finding.review", id=id)
        match, fields = if_match(request), checked(ReviewIn, request)
        review = review_record(finding=finding, reviewer=caller(request), if_match=match, **fields)
        return Response(ReviewOut(review_json(review)).data, status=201)


urlpatterns = [
    path("workitems/<uuid:id>/findings", WorkitemFindings.as_view()),
    path("findings/<uuid:id>", FindingDetail.as_view()),
    path("findings/<uuid:id>/revisions", FindingRevisions.as_view()),
    path("findings/<uuid:id>/restore", FindingRestore.as_view()),
    path("findings/<uuid:id>/reviews", FindingReviews.as_view()),
]

"""Before a training: the settings that its cases ask for, with reasons, and what the network would see with them."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.access import access_snapshot
from annotations.services.sights import cases_sent
from core.models import Job
from inference.access import access_family
from inference.previews import preview_json
from inference.proposed import proposal_json
from inference.services.fingerprints import fingerprint_request
from inference.services.previews import preview_request, preview_sent
from webapp.api.base import caller, checked
from webapp.api.training import TrainingErrorOut, TrainingEstimateIn


class ProposalIn(serializers.Serializer[Any]):
    """Of which dataset; ``again``: ask once more where it failed."""

    snapshot_id = serializers.UUIDField()
    again = serializers.BooleanField(default=False)


class ProposedSettingOut(serializers.Serializer[Any]):
    """One setting that the cases ask for, named as in the family's ``training_settings``."""

    name = serializers.CharField()
    value = serializers.JSONField()
    preset = serializers.JSONField(help_text="What it would be without.")
    reason = serializers.CharField()


class ProposalOut(serializers.Serializer[Any]):
    """What the training cases of a dataset ask for; ``state`` is that of the job that looks at them."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=Job.State.choices)
    share = serializers.FloatField(allow_null=True)
    fingerprint = serializers.JSONField(help_text="Sizes, distances, greys, marked shares; null before.")
    fingerprint_digest = serializers.CharField(allow_blank=True)
    digest = serializers.CharField(allow_blank=True, help_text="Of the proposal; a training names it.")
    settings = ProposedSettingOut(many=True)
    error = TrainingErrorOut(allow_null=True)


class PreviewIn(TrainingEstimateIn):
    """Which cases, with which settings; ``again``: ask once more where it failed."""

    again = serializers.BooleanField(default=False)


class PreviewTileOut(serializers.Serializer[Any]):
    """One picture: ``image`` and ``places`` are base64 of bytes, row by row.

    Places are 0, the number of a label from 1, or 255: a reviewer said that it is not there.
    """

    rows = serializers.IntegerField()
    columns = serializers.IntegerField()
    channels = serializers.IntegerField()
    slice = serializers.IntegerField(help_text="From 0, of a volume's tensor.")
    slices = serializers.IntegerField()
    reduced = serializers.IntegerField(help_text="Every so many pixels are shown.")
    image = serializers.CharField()
    places = serializers.CharField()


class PreviewPictureOut(serializers.Serializer[Any]):
    """One training case, prepared, and as random changes make it; the first as the training's first batch has it."""

    sample_id = serializers.CharField()
    prepared = PreviewTileOut()
    draws = PreviewTileOut(many=True)


class PreviewOut(serializers.Serializer[Any]):
    """What a network would see; ``state`` is that of the job that makes it."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=Job.State.choices)
    share = serializers.FloatField(allow_null=True)
    labels = serializers.ListField(child=serializers.CharField(), help_text="In the order of their numbers.")
    batch_digest = serializers.CharField(allow_blank=True, help_text="SHA-256 over the first batch of such a training.")
    preprocessing_digest = serializers.CharField(allow_blank=True)
    cases = serializers.IntegerField()
    batch = serializers.IntegerField(help_text="How many cases are in the first batch.")
    pictures = PreviewPictureOut(many=True)
    error = TrainingErrorOut(allow_null=True)


class ModelTrainingProposal(APIView):
    """The settings that a dataset asks for."""

    @extend_schema(operation_id="training_proposal", request=ProposalIn, responses=ProposalOut)
    def post(self, request: Request, id: str) -> Response:
        """Return them; the first to ask begins the look at the cases, which is kept."""
        user = caller(request)
        family, fields = access_family(user, "training.request", id=id), checked(ProposalIn, request)
        snapshot = access_snapshot(user, "snapshot.read", id=fields["snapshot_id"])
        found = fingerprint_request(family=family, snapshot=snapshot, requested_by=user, again=fields["again"])
        return Response(ProposalOut(proposal_json(family, found)).data)


class ModelTrainingPreview(APIView):
    """What the network would see."""

    @extend_schema(operation_id="training_preview", request=PreviewIn, responses=PreviewOut)
    def post(self, request: Request, id: str) -> Response:
        """Return some training cases as they are prepared and changed; the first to ask begins the work."""
        user = caller(request)
        family, fields = access_family(user, "training.request", id=id), checked(PreviewIn, request)
        snapshot = access_snapshot(user, "snapshot.read", id=fields["snapshot_id"])
        found = preview_request(
            family=family, snapshot=snapshot, chosen=fields["config"], requested_by=user, again=fields["again"]
        )
        shown = preview_json(found)
        if shown["pictures"]:
            preview_sent(preview=found, to=user)
            cases_sent(user, snapshot, {one["study_instance_uid"] for one in shown["pictures"]})
        return Response(PreviewOut(shown).data)


urlpatterns = [
    path("models/<uuid:id>/training/proposal", ModelTrainingProposal.as_view()),
    path("models/<uuid:id>/training/preview", ModelTrainingPreview.as_view()),
]

"""How reviewers decide: what a lead, and each reviewer of themselves, may know of it."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import selectors
from annotations.dataset.settling import Unsettled
from annotations.dataset.teaching import PROVENANCE, REVISION
from core.access import project_for
from webapp.api.base import caller
from webapp.api.projects import PersonOut


class ReviewerOut(serializers.Serializer[Any]):
    """One reviewer's decisions about models' findings, and whether what they accept is called a habit."""

    reviewer = PersonOut()
    decisions = serializers.IntegerField()
    accepted = serializers.IntegerField()
    share_accepted = serializers.FloatField(help_text="0..1")
    seconds = serializers.FloatField(
        allow_null=True, help_text="Median between two decisions in one sitting; null: too few."
    )
    checks = serializers.IntegerField(help_text="Proposals that say the contrary of a blind reading.")
    checks_accepted = serializers.IntegerField(help_text="… that were accepted all the same.")
    by_habit = serializers.BooleanField()
    words = serializers.CharField(help_text="The verdict, and what follows from it.")


class ProvenanceOut(serializers.Serializer[Any]):
    """Where an answer is from, and what that weighs."""

    name = serializers.ChoiceField(choices=list(PROVENANCE))
    words = serializers.CharField()
    weight = serializers.FloatField(help_text="In the loss.")
    draws = serializers.IntegerField(help_text="How often it is drawn.")


class TeachingOut(serializers.Serializer[Any]):
    """What the words in a dataset's counts mean."""

    revision = serializers.IntegerField(help_text="Of the rules.")
    provenances = ProvenanceOut(many=True)
    unsettled = serializers.ListField(
        child=serializers.ChoiceField(choices=[str(one) for one in Unsettled]),
        help_text="Why an answer is not taught, or may not test.",
    )


class ProjectReviewers(APIView):
    """The reviewers of a project."""

    @extend_schema(operation_id="reviewers_list", responses=ReviewerOut(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List how each decides about models' findings: an admin of the project sees all, others themselves."""
        user = caller(request)
        project = project_for(user, "finding.review", slug=slug)
        return Response(ReviewerOut(selectors.reviewers_json(user, project), many=True).data)


class Teaching(APIView):
    """The rules of what teaches."""

    @extend_schema(operation_id="teaching_read", responses=TeachingOut)
    def get(self, request: Request) -> Response:
        """Return each provenance in words, with its weight."""
        caller(request)
        rows = [
            {"name": name, "words": one.words, "weight": one.weight, "draws": one.sampling}
            for name, one in PROVENANCE.items()
        ]
        found = {"revision": REVISION, "provenances": rows, "unsettled": [str(one) for one in Unsettled]}
        return Response(TeachingOut(found).data)


urlpatterns = [
    path("projects/<slug:slug>/reviewers", ProjectReviewers.as_view()),
    path("teaching", Teaching.as_view()),
]

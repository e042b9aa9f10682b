"""Remarks on a study."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import selectors
from annotations.access import access_finding_of, access_workitem
from annotations.services.comments import comment_add
from annotations.services.sights import findings_named
from webapp.api.base import caller, checked
from webapp.api.projects import PersonOut


class CommentPinIn(serializers.Serializer[Any]):
    """A place in an image: (column, row) in pixels."""

    sop_instance_uid = serializers.CharField(max_length=64)
    frame_number = serializers.IntegerField(min_value=1)
    point = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)


class CommentIn(serializers.Serializer[Any]):
    """A new remark."""

    text = serializers.CharField(max_length=4000)
    pin = CommentPinIn(allow_null=True, default=None)
    finding_id = serializers.UUIDField(allow_null=True, default=None)


class CommentOut(serializers.Serializer[Any]):
    """A remark."""

    id = serializers.UUIDField()
    author = PersonOut()
    text = serializers.CharField()
    pin = CommentPinIn(allow_null=True)
    finding_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()


class WorkitemComments(APIView):
    """The remarks on a study."""

    @extend_schema(operation_id="comments_list", responses=CommentOut(many=True))
    def get(self, request: Request, id: str) -> Response:
        """List the remarks, oldest first."""
        user = caller(request)
        workitem = access_workitem(user, "workitem.read", id=id)
        shown = selectors.comments_json(user, workitem)
        findings_named(user, workitem, [row["finding_id"] for row in shown if row["finding_id"]])
        return Response(CommentOut(shown, many=True).data)

    @extend_schema(operation_id="comments_add", request=CommentIn, responses={201: CommentOut})
    def post(self, request: Request, id: str) -> Response:
        """Leave a remark, pinned to a place in an image or not."""
        user = caller(request)
        workitem = access_workitem(user, "comment.write", id=id)
        fields = checked(CommentIn, request)
        finding_id = fields.pop("finding_id")
        finding = access_finding_of(user, workitem, id=finding_id) if finding_id else None
        comment = comment_add(workitem=workitem, author=user, finding=finding, **fields)
        return Response(CommentOut(selectors.comment_json(comment)).data, status=201)


urlpatterns = [path("workitems/<uuid:id>/comments", WorkitemComments.as_view())]

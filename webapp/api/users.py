"""People of the installation (admins only)."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.services.readings import readings_in_hand
from core import access
from core.models import User
from core.roles import Role
from core.users import user_create
from webapp.api.base import caller, checked
from webapp.people import person_change


class UserOut(serializers.Serializer[Any]):
    """A person."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    role = serializers.CharField()
    is_active = serializers.BooleanField()
    must_change_password = serializers.BooleanField()
    last_login = serializers.DateTimeField(allow_null=True)


class CaseInHandOut(serializers.Serializer[Any]):
    """A case that a person has in hand."""

    id = serializers.UUIDField(source="workitem.pk")
    project = serializers.CharField(source="workitem.project.slug")
    state = serializers.CharField(source="workitem.state")
    study_description = serializers.CharField(source="workitem.study.study_description")
    accession_number = serializers.CharField(source="workitem.study.accession_number")
    claimed_at = serializers.DateTimeField()


class UserChangedOut(UserOut):
    """A person after a change, and the cases that were in their hand and are open again."""

    freed = serializers.ListField(child=serializers.UUIDField())


class UserCreateIn(serializers.Serializer[Any]):
    """A new person."""

    username = serializers.CharField(max_length=150)
    display_name = serializers.CharField(max_length=120)
    role = serializers.ChoiceField(choices=Role.choices)
    password = serializers.CharField(max_length=200, trim_whitespace=False)


class UserChangeIn(serializers.Serializer[Any]):
    """What an admin may change of a person."""

    display_name = serializers.CharField(max_length=120, required=False)
    role = serializers.ChoiceField(choices=Role.choices, required=False)
    is_active = serializers.BooleanField(required=False)
    password = serializers.CharField(max_length=200, trim_whitespace=False, required=False)


class Users(APIView):
    """All people."""

    @extend_schema(operation_id="users_list", responses=UserOut(many=True))
    def get(self, request: Request) -> Response:
        """List everybody, by name."""
        access.require_site(caller(request), "user.change")
        return Response(UserOut(User.objects.order_by("username"), many=True).data)

    @extend_schema(operation_id="users_create", request=UserCreateIn, responses={201: UserOut})
    def post(self, request: Request) -> Response:
        """Add a person; the password given here must be changed at the first login."""
        access.require_site(caller(request), "user.change")
        user = user_create(by=caller(request), **checked(UserCreateIn, request))
        return Response(UserOut(user).data, status=201)


class UserDetail(APIView):
    """One person."""

    @extend_schema(operation_id="users_change", request=UserChangeIn, responses=UserChangedOut)
    def patch(self, request: Request, id: str) -> Response:
        """Change name or role, set another password (which must be changed), or switch the account off or on."""
        user, fields = access.user_for(caller(request), id=id), checked(UserChangeIn, request)
        user, freed = person_change(person=user, by=caller(request), **fields)
        return Response({**UserOut(user).data, "freed": [str(workitem.pk) for workitem in freed]})


class UserCases(APIView):
    """What a person has in hand."""

    @extend_schema(operation_id="users_cases", responses=CaseInHandOut(many=True))
    def get(self, request: Request, id: str) -> Response:
        """List the cases that are freed when the account is switched off."""
        user = access.user_for(caller(request), id=id)
        return Response(CaseInHandOut(readings_in_hand(user), many=True).data)


urlpatterns = [
    path("users", Users.as_view()),
    path("users/<uuid:id>", UserDetail.as_view()),
    path("users/<uuid:id>/cases", UserCases.as_view()),
]

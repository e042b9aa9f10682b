"""People of the installation (admins only)."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import access
from core.models import User
from core.roles import Role
from core.users import user_change, user_create
from webapp.api.base import caller, checked


class UserOut(serializers.Serializer[Any]):
    """A person."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    role = serializers.CharField()
    is_active = serializers.BooleanField()
    must_change_password = serializers.BooleanField()
    last_login = serializers.DateTimeField(allow_null=True)


class UserCreateIn(serializers.Serializer[Any]):
    """A new person."""

    username = serializers.RegexField(r"^[\w.@+-]{2,150}$")
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

    @extend_schema(operation_id="users_change", request=UserChangeIn, responses=UserOut)
    def patch(self, request: Request, id: str) -> Response:
        """Change name or role, set another password (which must be changed), or switch the account off or on."""
        user, fields = access.user_for(caller(request), id=id), checked(UserChangeIn, request)
        return Response(UserOut(user_change(user=user, by=caller(request), **fields)).data)


urlpatterns = [path("users", Users.as_view()), path("users/<uuid:id>", UserDetail.as_view())]

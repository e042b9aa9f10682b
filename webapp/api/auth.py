"""Log in and out, the caller's own account, API tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.db import transaction
from django.middleware.csrf import get_token
from django.urls import path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import access, audit
from core.audit_kinds import AuditKind
from core.errors import TooManyRequests, Unauthenticated
from core.models import ApiToken, User
from core.passwords import TOKEN_ID_LENGTH, password_change, token_make, token_revoke
from core.users import profile_change
from webapp.api.base import caller, checked


class LoginIn(serializers.Serializer[Any]):
    """A name and a password."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=200, trim_whitespace=False)


class MyProjectOut(serializers.Serializer[Any]):
    """A project the caller belongs to, and what they may do in it."""

    slug = serializers.CharField()
    title = serializers.CharField()
    role = serializers.CharField()
    permissions = serializers.ListField(child=serializers.CharField())


class MeOut(serializers.Serializer[Any]):
    """The caller."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    role = serializers.CharField()
    projects = MyProjectOut(many=True)
    site_permissions = serializers.ListField(child=serializers.CharField())
    preferences = serializers.DictField()
    must_change_password = serializers.BooleanField()
    csrf_token = serializers.CharField()


class MeIn(serializers.Serializer[Any]):
    """What the caller may change of themselves."""

    display_name = serializers.CharField(max_length=120, required=False)
    preferences = serializers.DictField(required=False)


class PasswordIn(serializers.Serializer[Any]):
    """The old and the new password."""

    old_password = serializers.CharField(max_length=200, trim_whitespace=False)
    new_password = serializers.CharField(max_length=200, trim_whitespace=False)


class TokenIn(serializers.Serializer[Any]):
    """A name for a new token, and how long it is good for."""

    name = serializers.CharField(max_length=80)
    days = serializers.IntegerField(min_value=1, max_value=366, default=90)


class TokenOut(serializers.Serializer[Any]):
    """A token as it is listed: never the token itself."""

    id = serializers.SerializerMethodField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField(source="created")
    expires_at = serializers.DateTimeField(source="expiry")

    def get_id(self, row: ApiToken) -> str:
        """Return the beginning of the hash: enough to name the token, useless to use it."""
        return str(row.digest)[:TOKEN_ID_LENGTH]


class TokenMadeOut(TokenOut):
    """A token that was just made: the only time it is shown."""

    token = serializers.CharField()


def _me(request: Request, user: User) -> dict[str, Any]:
    projects = [
        {
            "slug": project.slug,
            "title": project.title,
            "role": access.role_in(user, project),
            "permissions": access.permissions_in(user, project),
        }
        for project in access.projects_of(user)
    ]
    facts = {
        "id": user.pk,
        "username": user.username,
        "display_name": str(user),
        "role": user.role,
        "projects": projects,
        "site_permissions": access.site_permissions(user),
        "preferences": user.preferences,
        "must_change_password": user.must_change_password,
        "csrf_token": get_token(request._request),
    }
    return dict(MeOut(facts).data)


class Login(APIView):
    """Log in with a session cookie."""

    permission_classes = [AllowAny]
    authentication_classes = []

    @extend_schema(operation_id="auth_login", request=LoginIn, responses=MeOut)
    @method_decorator(csrf_protect)
    def post(self, request: Request) -> Response:
        """Log in; locked for some minutes after five wrong tries."""
        fields = checked(LoginIn, request)
        user = authenticate(request._request, **fields)
        if AxesProxyHandler.is_locked(request._request, fields):
            wait = get_cool_off(request._request) or timedelta(minutes=5)
            audit.record(AuditKind.USER_LOCKED_OUT, actor=None, outcome="locked_out")
            raise TooManyRequests(
                "locked_out",
                f"Too many wrong tries. Wait {int(wait.total_seconds() // 60)} minutes, then try again.",
                seconds=int(wait.total_seconds()),
            )
        if not isinstance(user, User):
            audit.record(AuditKind.USER_LOGIN, actor=None, outcome="wrong_password")
            raise Unauthenticated("login_failed", "The name or the password is wrong.")
        with transaction.atomic():
            login(request._request, user)
            audit.record(AuditKind.USER_LOGIN, actor=user, object_kind="user", object_id=user.pk)
        return Response(_me(request, user))


class Logout(APIView):
    """End the session."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="auth_logout", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Log out."""
        audit.record(AuditKind.USER_LOGOUT, actor=caller(request), object_kind="user", object_id=caller(request).pk)
        logout(request._request)
        return Response(status=204)


class Me(APIView):
    """The caller's own account."""

    def get_permissions(self) -> Sequence[Any]:
        """Let a person who must change their password see so."""
        return [IsAuthenticated()] if self.request.method == "GET" else super().get_permissions()

    @extend_schema(operation_id="auth_me", responses=MeOut)
    def get(self, request: Request) -> Response:
        """Return the caller, their projects and permissions."""
        return Response(_me(request, caller(request)))

    @extend_schema(operation_id="auth_me_change", request=MeIn, responses=MeOut)
    def patch(self, request: Request) -> Response:
        """Change the caller's display name and preferences."""
        user = profile_change(user=caller(request), **checked(MeIn, request))
        return Response(_me(request, user))


class Password(APIView):
    """The caller's password."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="auth_password", request=PasswordIn, responses={204: None})
    def post(self, request: Request) -> Response:
        """Change the password; other sessions and all API tokens end."""
        user = password_change(user=caller(request), **checked(PasswordIn, request))
        update_session_auth_hash(request._request, user)
        return Response(status=204)


class Tokens(APIView):
    """The caller's API tokens."""

    @extend_schema(operation_id="tokens_list", responses=TokenOut(many=True))
    def get(self, request: Request) -> Response:
        """List the caller's tokens, newest first."""
        rows = ApiToken.objects.filter(user=caller(request), expiry__gt=timezone.now()).order_by("-created")
        return Response(TokenOut(rows, many=True).data)

    @extend_schema(operation_id="tokens_create", request=TokenIn, responses={201: TokenMadeOut})
    def post(self, request: Request) -> Response:
        """Make a token; it is shown this once and stored as a hash."""
        row, token = token_make(user=caller(request), **checked(TokenIn, request))
        row.token = token
        return Response(TokenMadeOut(row).data, status=201)


class Token(APIView):
    """One API token of the caller."""

    @extend_schema(operation_id="tokens_revoke", responses={204: None})
    def delete(self, request: Request, id: str) -> Response:
        """Revoke a token at once."""
        token_revoke(user=caller(request), token_id=id)
        return Response(status=204)


urlpatterns = [
    path("auth/login", Login.as_view()),
    path("auth/logout", Logout.as_view()),
    path("auth/me", Me.as_view()),
    path("auth/password", Password.as_view()),
    path("auth/tokens", Tokens.as_view()),
    path("auth/tokens/<str:id>", Token.as_view()),
]

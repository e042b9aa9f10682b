"""Log in and out, the caller's own account, API tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.middleware.csrf import get_token
from django.urls import path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import access, audit
from core.errors import Invalid, NotFound, TooManyRequests, Unauthenticated
from core.models import ApiToken, User
from webapp.api.base import caller, checked

TOKEN_ID_LENGTH = 24


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
            audit.record("user.locked_out", "E", actor=None, outcome="locked_out")
            raise TooManyRequests(
                "locked_out",
                f"Too many wrong tries. Wait {int(wait.total_seconds() // 60)} minutes, then try again.",
                seconds=int(wait.total_seconds()),
            )
        if not isinstance(user, User):
            audit.record("user.login", "E", actor=None, outcome="wrong_password")
            raise Unauthenticated("login_failed", "The name or the password is wrong.")
        with transaction.atomic():
            login(request._request, user)
            audit.record("user.login", "E", actor=user, object_kind="user", object_id=user.pk)
        return Response(_me(request, user))


class Logout(APIView):
    """End the session."""

    @extend_schema(operation_id="auth_logout", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Log out."""
        audit.record("user.logout", "E", actor=caller(request), object_kind="user", object_id=caller(request).pk)
        logout(request._request)
        return Response(status=204)


class Me(APIView):
    """The caller's own account."""

    @extend_schema(operation_id="auth_me", responses=MeOut)
    def get(self, request: Request) -> Response:
        """Return the caller, their projects and permissions."""
        return Response(_me(request, caller(request)))

    @extend_schema(operation_id="auth_me_change", request=MeIn, responses=MeOut)
    def patch(self, request: Request) -> Response:
        """Change the caller's display name and preferences."""
        user, fields = caller(request), checked(MeIn, request)
        with transaction.atomic():
            for name, value in fields.items():
                setattr(user, name, value)
            user.save(update_fields=list(fields))
            audit.record("user.changed", "U", actor=user, object_kind="user", object_id=user.pk)
        return Response(_me(request, user))


class Password(APIView):
    """The caller's password."""

    @extend_schema(operation_id="auth_password", request=PasswordIn, responses={204: None})
    def post(self, request: Request) -> Response:
        """Change the password; other sessions end."""
        user, fields = caller(request), checked(PasswordIn, request)
        if not user.check_password(fields["old_password"]):
            raise Invalid("password_wrong", "The old password is wrong.")
        try:
            validate_password(fields["new_password"], user)
        except ValidationError as error:
            raise Invalid("password_weak", " ".join(error.messages)) from None
        with transaction.atomic():
            user.set_password(fields["new_password"])
            user.save(update_fields=["password"])
            audit.record("user.password_changed", "U", actor=user, object_kind="user", object_id=user.pk)
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
        user, fields = caller(request), checked(TokenIn, request)
        with transaction.atomic():
            row, token = ApiToken.objects.create(user=user, expiry=timedelta(days=fields["days"]), name=fields["name"])
            audit.record("token.made", "C", actor=user, object_kind="token", object_id=row.digest[:TOKEN_ID_LENGTH])
        row.token = token
        return Response(TokenMadeOut(row).data, status=201)


class Token(APIView):
    """One API token of the caller."""

    @extend_schema(operation_id="tokens_revoke", responses={204: None})
    def delete(self, request: Request, id: str) -> Response:
        """Revoke a token at once."""
        with transaction.atomic():
            if len(id) != TOKEN_ID_LENGTH:
                raise NotFound("token_not_found", "You have no such token.")
            gone, _ = ApiToken.objects.filter(user=caller(request), digest__startswith=id).delete()
            if not gone:
                raise NotFound("token_not_found", "You have no such token.")
            audit.record("token.revoked", "D", actor=caller(request), object_kind="token", object_id=id)
        return Response(status=204)


urlpatterns = [
    path("auth/login", Login.as_view()),
    path("auth/logout", Logout.as_view()),
    path("auth/me", Me.as_view()),
    path("auth/password", Password.as_view()),
    path("auth/tokens", Tokens.as_view()),
    path("auth/tokens/<str:id>", Token.as_view()),
]

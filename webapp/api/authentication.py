"""Who is at the door: a session cookie, or a hashed API token."""

from __future__ import annotations

import time
from http.cookies import SimpleCookie
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user
from django.http import HttpRequest
from knox.auth import TokenAuthentication
from rest_framework.authentication import SessionAuthentication as DrfSessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticated

from core.errors import Conflict
from core.models import ApiToken, User
from core.passwords import require_own_password

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

#: The header with which a page says for whom it was made: the id of a user.
PAGE_OWNER = "X-Overread-User"
_CACHE_SECONDS = 3.0
_cache: dict[str, tuple[float, User | None]] = {}


class BearerAuthentication(TokenAuthentication):  # type: ignore[misc]  # knox carries no types
    """``Authorization: Bearer …`` with a token that is stored as a hash only."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        """Return whose token it is; raises AuthenticationFailed. Tokens of ours are letters and digits."""
        if not (token.isascii() and token.isalnum()):
            raise AuthenticationFailed
        user, row = super().authenticate_credentials(token)
        return user, row


class SessionAuthentication(DrfSessionAuthentication):
    """The session cookie; unsafe methods need the CSRF header. A stranger gets 401, not 403.

    All tabs of a browser share the session, and it may become another person's while a page stands open. A page says
    for whom it was made (``X-Overread-User``), and is answered only while that is who is signed in.
    """

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return the session's user; raises Conflict where the page was made for somebody else."""
        owner, user = request.headers.get(PAGE_OWNER), getattr(request._request, "user", None)
        if owner and isinstance(user, User) and str(user.pk) != owner:
            raise Conflict(
                "other_person",
                "Somebody else is signed in in this browser now, so nothing was done. Load the page again.",
            )
        return super().authenticate(request)

    def authenticate_header(self, request: Request) -> str:
        """Make DRF answer 401 to strangers."""
        return "Session"


class HasOwnPassword(IsAuthenticated):
    """The permission of every view that does not say otherwise: logged in, with a password of one's own choice."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Refuse strangers, and raise Forbidden while the password is somebody else's choice."""
        if not super().has_permission(request, view):
            return False
        if isinstance(request.user, User):
            require_own_password(request.user)
        return True


def client_address(request: HttpRequest) -> str:
    """Return the address that the front door settled on; no header is believed here."""
    return str(request.META.get("REMOTE_ADDR", ""))


def _user_of_token(header: str) -> User | None:
    try:
        user, _ = BearerAuthentication().authenticate_credentials(header.removeprefix("Bearer ").encode())
    except AuthenticationFailed:
        return None
    return user


def user_of_session(session_key: str) -> User | None:
    """Return whose session this is, or None: unknown, ended, or opened with a password that was changed since."""
    engine = import_module(settings.SESSION_ENGINE)
    request = HttpRequest()
    request.session = engine.SessionStore(session_key)
    if SESSION_KEY not in request.session:
        return None
    user = get_user(request)
    return user if isinstance(user, User) and user.is_active else None


def user_of_scope(scope: dict[str, Any]) -> User | None:
    """Return the user of a raw ASGI HTTP scope, or None. Blocking; remembered for three seconds.

    Args:
        scope: an ASGI ``http`` scope; cookies and the Authorization header are read from it.

    Raises:
        Forbidden: the user must choose a password first.
    """
    user = _remembered_user_of_scope(scope)
    if user is not None:
        require_own_password(user)
    return user


def _remembered_user_of_scope(scope: dict[str, Any]) -> User | None:
    headers = {
        name: value.decode("latin-1") for name, value in scope["headers"] if name in (b"cookie", b"authorization")
    }
    authorization = headers.get(b"authorization", "")
    cookie = SimpleCookie(headers.get(b"cookie", ""))
    session = cookie.get(settings.SESSION_COOKIE_NAME)
    key = authorization if authorization.startswith("Bearer ") else f"session:{session.value}" if session else ""
    if not key:
        return None
    known = _cache.get(key)
    if known and known[0] > time.monotonic():
        return known[1]
    user = _user_of_token(authorization) if authorization else user_of_session(session.value) if session else None
    if len(_cache) > 2000:
        _cache.clear()
    _cache[key] = (time.monotonic() + _CACHE_SECONDS, user)
    return user

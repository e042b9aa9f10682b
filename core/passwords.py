"""Services for passwords and API tokens: whoever's password changes loses every other way in that it had opened.

A session carries a hash of the password it was opened with (Django checks it at each request), so a new password ends
all sessions; tokens are rows and are deleted here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from core import audit
from core.audit_kinds import AuditKind
from core.errors import Forbidden, Invalid, NotFound
from core.models import ApiToken, User

#: So much of a token's hash names it in lists: enough to find it, useless to use it.
TOKEN_ID_LENGTH: Final = 24


def password_check(*, password: str, user: User) -> None:
    """Raise Invalid where the password is too weak for this person, with the reasons."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid("password_weak", " ".join(error.messages)) from None


def require_own_password(user: User) -> None:
    """Raise Forbidden while the person still has the password that somebody else chose for them."""
    if user.must_change_password:
        raise Forbidden(
            "password_change_required", "Your password was chosen by somebody else. Choose your own first, then go on."
        )


def tokens_end(*, user: User) -> int:
    """Delete every API token of the person; returns how many there were. Call it in the transaction of its reason."""
    return int(ApiToken.objects.filter(user=user).delete()[0])


def password_change(*, user: User, old_password: str, new_password: str) -> User:
    """Change one's own password: tokens and all sessions end (the caller may keep the one that asked).

    Raises:
        Invalid: the old one is wrong, or the new one is weak or no other.
    """
    if not user.check_password(old_password):
        raise Invalid("password_wrong", "The old password is wrong.")
    if old_password == new_password:
        raise Invalid("password_same", "The new password is the old one. Choose another.")
    password_check(password=new_password, user=user)
    with transaction.atomic():
        user.set_password(new_password)
        user.must_change_password = False
        user.save(update_fields=["password", "must_change_password"])
        ended = tokens_end(user=user)
        audit.record(
            AuditKind.USER_PASSWORD_CHANGED, actor=user, object_kind="user", object_id=user.pk,
            detail={"tokens_ended": ended},
        )  # fmt: skip
    return user


def token_make(*, user: User, name: str, days: int) -> tuple[ApiToken, str]:
    """Make an API token; returns the row (which holds its hash) and the token, which is shown this once."""
    with transaction.atomic():
        row, token = ApiToken.objects.create(user=user, expiry=timedelta(days=days), name=name)
        audit.record(AuditKind.TOKEN_MADE, actor=user, object_kind="token", object_id=row.digest[:TOKEN_ID_LENGTH])
    return row, str(token)


def token_revoke(*, user: User, token_id: str) -> None:
    """Delete one token of the person, named by the beginning of its hash; raises NotFound."""
    with transaction.atomic():
        if len(token_id) != TOKEN_ID_LENGTH:
            raise NotFound("token_not_found", "You have no such token.")
        gone, _ = ApiToken.objects.filter(user=user, digest__startswith=token_id).delete()
        if not gone:
            raise NotFound("token_not_found", "You have no such token.")
        audit.record(AuditKind.TOKEN_REVOKED, actor=user, object_kind="token", object_id=token_id)

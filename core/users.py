"""Services for people and for who belongs to which project."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from django.db import IntegrityError, transaction

from core import audit, events
from core.audit_kinds import AuditKind
from core.errors import Conflict, Invalid
from core.event_kinds import EventKind
from core.models import Membership, Project, User
from core.passwords import password_check, tokens_end
from core.roles import Role

#: How a user name is written, at every door.
USERNAME: Final = re.compile(r"[\w.@+-]{2,150}")
PREFERENCES_LIMIT: Final = 64 * 1024
#: What the audit trail says the old and new value of; a name is of a person and stays out of it.
_TOLD: Final = ("role", "is_active")


def user_create(*, username: str, display_name: str, role: str, password: str, by: User | None) -> User:
    """Add a person. A password that another person chose must be changed at the first login.

    Raises:
        Conflict: the name is taken. Invalid: the name cannot be typed at the login, or the password is weak.
    """
    if not USERNAME.fullmatch(username):
        raise Invalid("username_wrong", "A user name has 2 to 150 letters, digits or @ . + - _ and no space.")
    user = User(username=username, display_name=display_name, role=role, must_change_password=by is not None)
    password_check(password=password, user=user)
    try:
        with transaction.atomic():
            user.set_password(password)
            user.save(force_insert=True)
            audit.record(AuditKind.USER_CREATED, actor=by, object_kind="user", object_id=user.pk, detail={"role": role})
    except IntegrityError:
        raise Conflict("username_taken", "There is already somebody with that name. Choose another.") from None
    return user


def user_change(*, user: User, by: User, **fields: Any) -> User:
    """Change display name, role, password or whether the account is on; nobody switches off the last admin.

    A password set here must be changed at the next login. It ends the person's sessions and API tokens, and so does
    switching the account off.

    Raises:
        Invalid: the last admin, one's own password, or a weak one.
    """
    leaves_admins = fields.get("role", user.role) != Role.ADMIN or not fields.get("is_active", user.is_active)
    others = User.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=user.pk)
    if user.role == Role.ADMIN and user.is_active and leaves_admins and not others.exists():
        raise Invalid("last_admin", "This is the last admin. Make somebody else an admin first.")
    password = fields.pop("password", None)
    if password is not None:
        if user.pk == by.pk:
            raise Invalid("own_password", "Change your own password on the account page, where the old one is asked.")
        password_check(password=password, user=user)
    with transaction.atomic():
        changes = {
            name: {"from": getattr(user, name), "to": value}
            for name, value in fields.items()
            if name in _TOLD and getattr(user, name) != value
        }
        for name, value in fields.items():
            setattr(user, name, value)
        if password is not None:
            user.set_password(password)
            user.must_change_password = True
        user.save()
        if password is not None or not user.is_active:
            tokens_end(user=user)
        changed = sorted([*fields, *(["password"] if password is not None else [])])
        detail = {"fields": changed, "changes": changes}
        audit.record(AuditKind.USER_CHANGED, actor=by, object_kind="user", object_id=user.pk, detail=detail)
    return user


def profile_change(*, user: User, **fields: Any) -> User:
    """Change one's own display name and preferences (any JSON object of at most 64 KiB); raises Invalid."""
    if len(json.dumps(fields.get("preferences", {}))) > PREFERENCES_LIMIT:
        raise Invalid("preferences_too_large", "These preferences are over 64 KiB. Keep less in them.")
    with transaction.atomic():
        for name, value in fields.items():
            setattr(user, name, value)
        user.save(update_fields=list(fields))
        audit.record(
            AuditKind.USER_CHANGED, actor=user, object_kind="user", object_id=user.pk, detail={"fields": sorted(fields)}
        )
    return user


def membership_set(*, project: Project, user: User, role: str, by: User | None) -> Membership:
    """Make the user a member of the project with this role, or change the role."""
    with transaction.atomic():
        before = Membership.objects.filter(project=project, user=user).values_list("role", flat=True).first()
        membership, _ = Membership.objects.update_or_create(project=project, user=user, defaults={"role": role})
        audit.record(
            AuditKind.MEMBERSHIP_SET,
            actor=by,
            object_kind="user",
            object_id=user.pk,
            project=project,
            detail={"role": role, "before": before},
        )
        events.publish(EventKind.PROJECT_CHANGED, project.pk, project=project, user=user)
    return membership


def membership_end(*, project: Project, user: User, by: User) -> None:
    """Take the user out of the project."""
    with transaction.atomic():
        ended = Membership.objects.filter(project=project, user=user)
        detail = {"before": ended.values_list("role", flat=True).first()}
        ended.delete()
        audit.record(
            AuditKind.MEMBERSHIP_ENDED, actor=by, object_kind="user", object_id=user.pk, project=project, detail=detail
        )
        events.publish(EventKind.PROJECT_CHANGED, project.pk, project=project, user=user)

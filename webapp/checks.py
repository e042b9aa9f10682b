"""What ``manage.py check --deploy`` asks of an installation beyond Django's own checks."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import DatabaseError, connection

DEMO_USERS = ("demo-radiologist", "demo-radiologist-2", "demo-reviewer", "demo-admin")


@register(Tags.security, deploy=True)
def production_has_no_demo_users(**_: Any) -> list[CheckMessage]:
    """Demo users have published passwords."""
    from core.models import User

    if not settings.PRODUCTION:
        return []
    try:
        present = list(User.objects.filter(username__in=DEMO_USERS, is_active=True).values_list("username", flat=True))
    except DatabaseError:
        return []
    if present:
        return [checks.Error(f"Demo users are active: {', '.join(present)}. Switch them off.", id="overread.E001")]
    return []


@register(Tags.security, deploy=True)
def production_has_a_server_database(**_: Any) -> list[CheckMessage]:
    """SQLite serves one machine."""
    if settings.PRODUCTION and connection.vendor == "sqlite":
        return [
            checks.Warning(
                "Production runs on SQLite: fine for one machine, but set DATABASE_URL for more.", id="overread.W001"
            )
        ]
    return []

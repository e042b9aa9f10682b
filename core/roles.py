"""The one table of who may do what.

A permission is a word like ``finding.write``. A user's role counts twice: ``User.role`` for permissions that
belong to the whole installation (``SITE_PERMISSIONS``), ``Membership.role`` for those inside a project. An
installation admin is an admin in every project.
"""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    """What a person may be."""

    RADIOLOGIST = "radiologist", "Radiologist"
    REVIEWER = "reviewer", "Reviewer"
    ADMIN = "admin", "Admin"


_ALL = frozenset({Role.RADIOLOGIST, Role.REVIEWER, Role.ADMIN})
_REVIEW = frozenset({Role.REVIEWER, Role.ADMIN})
_ADMIN = frozenset({Role.ADMIN})

#: Permissions inside a project, by membership role.
PROJECT_PERMISSIONS: dict[str, frozenset[Role]] = {
    "project.read": _ALL,
    "project.change": _ADMIN,
    "study.read": _ALL,
    "study.store": _ALL,
    "workitem.read": _ALL,
    "workitem.claim": _ALL,
    "finding.write": _ALL,
    "finding.review": _REVIEW,
    "comment.write": _ALL,
    "prediction.request": _ALL,
    "prediction.read": _ALL,
    "model.read": _ALL,
    "snapshot.read": _REVIEW,
    "snapshot.freeze": _ADMIN,
    "training.request": _ADMIN,
    "training.read": _REVIEW,
    "model.promote": _ADMIN,
}

#: Permissions over the whole installation, by the user's own role.
SITE_PERMISSIONS: dict[str, frozenset[Role]] = {
    "user.read": _ALL,
    "user.change": _ADMIN,
    "project.create": _ADMIN,
    "archive.decide": _ADMIN,
    "audit.read": _ADMIN,
    "job.read": _ADMIN,
    "system.read": _ADMIN,
}


def role_may(role: str, permission: str) -> bool:
    """Say whether ``role`` carries ``permission``; an unknown permission is a programming error (KeyError)."""
    table = PROJECT_PERMISSIONS if permission in PROJECT_PERMISSIONS else SITE_PERMISSIONS
    return role in table[permission]

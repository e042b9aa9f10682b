"""Projects with their labels, reading protocol and members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotations.content.revision_json import person_json
from annotations.models import Label
from annotations.rules.protocol import protocol_of
from core.access import projects_of
from core.models import Membership, Project

if TYPE_CHECKING:
    from core.models import User

Json = dict[str, Any]


def label_json(label: Label) -> Json:
    """Return a label in the API's shape."""
    names = ("key", "code_value", "coding_scheme_designator", "code_meaning", "uses", "color", "position", "retired_at")
    return {name: getattr(label, name) for name in names}


def project_rows(user: User) -> list[Json]:
    """Return the user's projects, by title."""
    names = ("slug", "title", "description", "is_inbox")
    return [{name: getattr(project, name) for name in names} for project in projects_of(user).order_by("title")]


def project_json(project: Project) -> Json:
    """Return a project with labels and members."""
    protocol = protocol_of(project)
    members = Membership.objects.filter(project=project).select_related("user").order_by("user__username")
    return {
        "slug": project.slug,
        "title": project.title,
        "description": project.description,
        "is_inbox": project.is_inbox,
        "instructions": protocol.instructions,
        "reveal": protocol.reveal,
        "labels": [label_json(label) for label in project.labels.all()],
        "members": [
            {"user": {**(person_json(one.user) or {}), "username": one.user.username}, "role": one.role}
            for one in members
        ],
    }

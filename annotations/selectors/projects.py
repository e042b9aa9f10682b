"""Projects with their labels, reading protocol and members."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from annotations.content.revision_json import person_json
from annotations.models import Label, ReadingProtocol
from annotations.rules.labels import label_is_used, labels_used
from annotations.rules.pictures import PictureRules
from annotations.rules.protocol import protocol_of, required_labels
from core.access import projects_of
from core.models import Membership, Project

if TYPE_CHECKING:
    from core.models import User

Json = dict[str, Any]


def label_json(label: Label, used: set[str] | None = None) -> Json:
    """Return a label in the API's shape.

    Args:
        used: keys of the labels that are in use, where the caller knows them already.
    """
    names = ("key", "code_value", "coding_scheme_designator", "code_meaning", "uses", "color", "position", "retired_at")
    return {
        **{name: getattr(label, name) for name in names},
        "version": label.version,
        "successor": label.successor.key if label.successor else None,
        "used": label.key in used if used is not None else label_is_used(label),
    }


def labels_json(project: Project, used: Iterable[str] = (), *, retired: bool = True) -> list[Json]:
    """Return the labels of a project in their order.

    Args:
        used: keys that something upstairs refers to.
        retired: those that are no longer used, too.
    """
    known = labels_used(project) | set(used)
    rows = project.labels.select_related("successor")
    rows = rows if retired else rows.filter(retired_at__isnull=True)
    return [label_json(label, known) for label in rows]


def project_rows(user: User) -> list[Json]:
    """Return the user's projects, by title."""
    names = ("slug", "title", "description", "is_inbox")
    return [{name: getattr(project, name) for name in names} for project in projects_of(user).order_by("title")]


def _required(protocol: ReadingProtocol) -> list[str] | None:
    """Return the keys that the protocol names and readings are asked for: of labels in use; None: by their uses."""
    return None if protocol.required_labels is None else [label.key for label in required_labels(protocol)]


def project_json(project: Project, used: Iterable[str] = ()) -> Json:
    """Return a project with labels and members.

    Args:
        used: keys of labels that something upstairs refers to.
    """
    protocol = protocol_of(project)
    members = Membership.objects.filter(project=project).select_related("user").order_by("user__username")
    return {
        "slug": project.slug,
        "title": project.title,
        "description": project.description,
        "is_inbox": project.is_inbox,
        "instructions": protocol.instructions,
        "reveal": protocol.reveal,
        "required_labels": _required(protocol),
        "show_abandoned": protocol.show_abandoned,
        "pictures": PictureRules.of(protocol.pictures).to_json(),
        "version": protocol.version,
        "labels": labels_json(project, used),
        "members": [
            {"user": {**(person_json(one.user) or {}), "username": one.user.username}, "role": one.role}
            for one in members
        ],
    }


def label_names(project: Project, keys: Iterable[str]) -> dict[str, str]:
    """Return how labels read to people: their code's meaning, or the key in plain words where the project has none."""
    meanings = dict(Label.objects.filter(project=project).values_list("key", "code_meaning"))
    return {key: meanings.get(key) or key.capitalize().replace("_", " ") for key in keys}

"""Projects, how they are read, and their label sets. Memberships are in ``core.users``."""

from __future__ import annotations

import re
import secrets
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations.models import Label, ReadingProtocol
from core import audit, events
from core.errors import Conflict, Invalid
from core.event_kinds import EventKind
from core.models import Membership, Project, User
from core.roles import Role

_COLOR: Final = re.compile(r"#[0-9a-f]{6}\Z")
_LABEL_FIELDS: Final = ("code_value", "coding_scheme_designator", "code_meaning", "uses", "color", "position")


def _tell(event_type: str, action: str, project: Project, by: User | None, **detail: Any) -> None:
    audit.record(
        event_type, action, actor=by, object_kind="project", object_id=project.pk, project=project, detail=detail
    )
    events.publish(EventKind.PROJECT_CHANGED, project.pk, project=project)


def project_create(
    *,
    slug: str,
    title: str,
    by: User | None,
    description: str = "",
    instructions: str = "",
    reveal: str = ReadingProtocol.Reveal.AFTER_OWN_ANSWER,
) -> Project:
    """Make a project; who made it becomes its admin. Raises Conflict when the short name is taken."""
    try:
        with transaction.atomic():
            project = Project.objects.create(slug=slug, title=title, description=description)
            ReadingProtocol.objects.create(project=project, reveal=reveal, instructions=instructions)
            if by is not None:
                Membership.objects.create(project=project, user=by, role=Role.ADMIN)
            _tell("project.created", "C", project, by, slug=slug)
    except IntegrityError:
        raise Conflict("slug_taken", "There is already a project with this short name. Choose another.") from None
    return project


def inbox_open() -> Project:
    """Return the project for studies that name none, made where there is none yet (called at every start)."""
    found = Project.objects.filter(is_inbox=True).first()
    if found is not None:
        return found
    slug = "inbox" if not Project.objects.filter(slug="inbox").exists() else f"inbox-{secrets.token_hex(3)}"
    try:
        with transaction.atomic():
            project = Project.objects.create(
                slug=slug,
                title="Inbox",
                description="Studies that name no project arrive here (DICOMweb, import without --project).",
                is_inbox=True,
            )
            ReadingProtocol.objects.create(project=project)
            _tell("project.created", "C", project, None, slug=slug)
    except IntegrityError:  # another process was first
        return Project.objects.get(is_inbox=True)
    return project


def project_change(*, project: Project, by: User, **fields: Any) -> Project:
    """Change title, description, instructions or when model findings are revealed (``reveal``)."""
    with transaction.atomic():
        protocol, _ = ReadingProtocol.objects.select_for_update().get_or_create(project=project)
        for name in ("title", "description"):
            setattr(project, name, fields.get(name, getattr(project, name)))
        for name in ("instructions", "reveal"):
            setattr(protocol, name, fields.get(name, getattr(protocol, name)))
        project.save(update_fields=["title", "description"])
        protocol.save(update_fields=["instructions", "reveal"])
        _tell("project.changed", "U", project, by, fields=sorted(fields), reveal=protocol.reveal)
    return project


def _checked_label(fields: dict[str, Any]) -> dict[str, Any]:
    if "color" in fields:
        fields["color"] = str(fields["color"]).lower()
        if not _COLOR.match(fields["color"]):
            raise Invalid("color_wrong", "A colour is written #rrggbb.")
    if "uses" in fields:
        uses = list(dict.fromkeys(fields["uses"]))
        if not uses or not set(uses) <= set(Label.Use.values):
            raise Invalid("uses_wrong", "Say whether the label is for images, regions or segments.", uses=uses)
        fields["uses"] = uses
    return fields


def label_create(*, project: Project, by: User | None, key: str, **fields: Any) -> Label:
    """Add a coded concept to the project's label set; raises Conflict when the key is taken, Invalid."""
    checked = _checked_label(fields)
    try:
        with transaction.atomic():
            label = Label.objects.create(project=project, key=key, **checked)
            _tell("label.created", "C", project, by, key=key)
    except IntegrityError:
        raise Conflict("label_key_taken", "There is already a label with this key. Choose another.") from None
    return label


def label_change(*, label: Label, by: User, retired: bool | None = None, **fields: Any) -> Label:
    """Change how a label is shown or coded, or retire it; its key and what was said with it stay. Raises Invalid."""
    checked = _checked_label(fields)
    with transaction.atomic():
        for name in _LABEL_FIELDS:
            setattr(label, name, checked.get(name, getattr(label, name)))
        if retired is not None:
            label.retired_at = (label.retired_at or timezone.now()) if retired else None
        label.save()
        _tell("label.changed", "U", label.project, by, key=label.key, fields=sorted(checked), retired=retired)
    return label

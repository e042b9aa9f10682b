"""Projects, how they are read, and their label sets. Memberships are in ``core.users``."""

from __future__ import annotations

import re
import secrets
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations import errors
from annotations.models import Label, ReadingProtocol
from annotations.rules.labels import label_is_used
from annotations.rules.pictures import PictureRules
from core import audit, bell, events
from core.audit_kinds import AuditKind
from core.errors import Conflict, Invalid
from core.event_kinds import EventKind
from core.models import Membership, Project, User
from core.roles import Role

_COLOR: Final = re.compile(r"#[0-9a-f]{6}\Z")
_MEANING: Final = ("code_value", "coding_scheme_designator", "code_meaning")
_PROJECT_FIELDS: Final = ("title", "description")
_PROTOCOL_FIELDS: Final = ("instructions", "reveal", "required_labels", "show_abandoned", "pictures")
#: Settings whose old and new value the audit trail says; texts are long and may name people.
_TOLD: Final = ("reveal", "required_labels", "show_abandoned", "pictures")
_LABEL_FIELDS: Final = ("code_value", "coding_scheme_designator", "code_meaning", "uses", "color", "position")


def _tell(kind: AuditKind, project: Project, by: User | None, **detail: Any) -> None:
    audit.record(kind, actor=by, object_kind="project", object_id=project.pk, project=project, detail=detail)
    events.publish(EventKind.PROJECT_CHANGED, project.pk, project=project)


def project_create(
    *,
    slug: str,
    title: str,
    by: User | None,
    description: str = "",
    instructions: str = "",
    reveal: str = ReadingProtocol.Reveal.AFTER_OWN_ANSWER,
    required_labels: list[str] | None = None,
) -> Project:
    """Make a project; who made it becomes its admin. Raises Conflict when the short name is taken.

    Args:
        required_labels: keys of the labels that each reading must answer; None: all that are said of an image.
    """
    try:
        with transaction.atomic():
            project = Project.objects.create(slug=slug, title=title, description=description)
            ReadingProtocol.objects.create(
                project=project, reveal=reveal, instructions=instructions, required_labels=required_labels
            )
            if by is not None:
                Membership.objects.create(project=project, user=by, role=Role.ADMIN)
            _tell(AuditKind.PROJECT_CREATED, project, by, slug=slug)
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
            _tell(AuditKind.PROJECT_CREATED, project, None, slug=slug)
    except IntegrityError:  # another process was first
        return Project.objects.get(is_inbox=True)
    return project


def project_change(*, project: Project, by: User, version: int | None = None, **fields: Any) -> Project:
    """Change title, description and how the project is read (``instructions``, ``reveal``, ``required_labels``, …).

    Args:
        version: of the protocol that the change was made on; another one refuses it.

    Raises:
        PreconditionFailed: changed by somebody else; ``detail.current`` is how it is now. Invalid: unknown labels.
    """
    with transaction.atomic():
        ReadingProtocol.objects.get_or_create(project=project)
        protocol = ReadingProtocol.objects.select_for_update().get(project=project)
        project.refresh_from_db()
        before = {name: getattr(project, name) for name in _PROJECT_FIELDS}
        before |= {name: getattr(protocol, name) for name in _PROTOCOL_FIELDS}
        if version is not None and version != protocol.version:
            raise errors.settings_outdated("project", protocol.version, before)
        if fields.get("required_labels") is not None:
            fields["required_labels"] = _checked_required(project, fields["required_labels"])
        before["pictures"] = PictureRules.of(before["pictures"]).to_json()
        if "pictures" in fields:
            fields["pictures"] = PictureRules.of(fields["pictures"]).to_json()
        changed = {name: value for name, value in fields.items() if before[name] != value}
        for name, value in changed.items():
            setattr(project if name in _PROJECT_FIELDS else protocol, name, value)
        if not changed:
            return project
        protocol.version += 1
        project.save(update_fields=list(_PROJECT_FIELDS))
        protocol.save(update_fields=[*_PROTOCOL_FIELDS, "version"])
        told = {name: {"from": before[name], "to": changed[name]} for name in changed if name in _TOLD}
        _tell(AuditKind.PROJECT_CHANGED, project, by, fields=sorted(changed), reveal=protocol.reveal, changes=told)
    if "pictures" in changed:
        bell.ring("project", "pictures_changed", project)
    return project


def _checked_required(project: Project, keys: list[str]) -> list[str]:
    wanted = list(dict.fromkeys(keys))
    known = set(Label.objects.filter(project=project, retired_at__isnull=True).values_list("key", flat=True))
    if unknown := [key for key in wanted if key not in known]:
        raise Invalid("label_unknown", "The project has no such label in use. Reload the labels.", keys=unknown)
    return wanted


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
            _tell(AuditKind.LABEL_CREATED, project, by, key=key)
    except IntegrityError:
        raise Conflict("label_key_taken", "There is already a label with this key. Choose another.") from None
    return label


def label_change(
    *,
    label: Label,
    by: User,
    retired: bool | None = None,
    successor: str | None = None,
    version: int | None = None,
    in_use: bool = False,
    **fields: Any,
) -> Label:
    """Change how a label is shown, or retire it for a successor; what it means stays once something was said with it.

    Args:
        successor: key of the label that is used instead from now on; only with ``retired``.
        version: of the label that the change was made on; another one refuses it.
        in_use: something upstairs (a model) refers to it, too.

    Raises:
        Conflict: ``label_in_use``. PreconditionFailed: changed by somebody else. Invalid.
    """
    checked = _checked_label(fields)
    with transaction.atomic():
        label = Label.objects.select_for_update(of=("self",)).select_related("project", "successor").get(pk=label.pk)
        before = {name: getattr(label, name) for name in _LABEL_FIELDS}
        if version is not None and version != label.version:
            raise errors.settings_outdated("label", label.version, {"key": label.key, **before})
        changed = {name: value for name, value in checked.items() if before[name] != value}
        if in_use or label_is_used(label):
            _check_meaning_stays(before, changed)
        for name, value in changed.items():
            setattr(label, name, value)
        stands = (label.retired_at, label.successor_id)
        if retired is None and successor and label.retired_at is None:
            raise Invalid("successor_wrong", "Only a retired label has a successor. Retire it in the same change.")
        if retired is not None or successor:
            label.retired_at = (label.retired_at or timezone.now()) if retired is not False else None
            label.successor = _successor(label, successor) if retired is not False else None
        if not changed and stands == (label.retired_at, label.successor_id):
            return label
        label.version += 1
        label.save()
        told = {name: {"from": before[name], "to": value} for name, value in changed.items()}
        names = {"key": label.key, "fields": sorted(changed), "changes": told, "retired": retired}
        _tell(AuditKind.LABEL_CHANGED, label.project, by, **names, successor=label.successor and label.successor.key)
    return label


def _check_meaning_stays(before: dict[str, Any], changed: dict[str, Any]) -> None:
    frozen: list[str] = [name for name in _MEANING if name in changed]
    if "uses" in changed and not set(before["uses"]) <= set(changed["uses"]):
        frozen.append("uses")
    if frozen:
        raise errors.label_in_use(frozen)


def _successor(label: Label, key: str | None) -> Label | None:
    if not key:
        return label.successor
    found = Label.objects.filter(project=label.project, key=key, retired_at__isnull=True).exclude(pk=label.pk).first()
    if found is None:
        raise Invalid("successor_wrong", "The successor must be another label of the project that is in use.", key=key)
    return found

"""Remarks pinned to a place in an image, to a finding, or to the whole study."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from annotations.content.checks import TEXT_LIMIT
from annotations.models import Comment, Finding, Workitem
from core import audit, events
from core.audit_kinds import AuditKind
from core.errors import Invalid
from core.event_kinds import EventKind, OfWorkitem
from core.models import User
from imaging.models import Instance


def _checked_pin(pin: dict[str, Any], workitem: Workitem) -> dict[str, Any]:
    instances = Instance.objects.filter(series__study=workitem.study_id)
    instance = instances.filter(sop_instance_uid=str(pin["sop_instance_uid"])).first()
    if instance is None or not 1 <= int(pin["frame_number"]) <= max(1, instance.number_of_frames):
        raise Invalid("pin_wrong", "The remark is pinned to an image that is not in this study.")
    column, row = (float(value) for value in pin["point"])
    if not (-1 <= column <= (instance.columns or 0) and -1 <= row <= (instance.rows or 0)):
        raise Invalid("pin_wrong", "The remark is pinned outside its image.")
    return {
        "sop_instance_uid": instance.sop_instance_uid,
        "frame_number": int(pin["frame_number"]),
        "point": [column, row],
    }


def comment_add(
    *, workitem: Workitem, author: User, text: str, pin: dict[str, Any] | None = None, finding: Finding | None = None
) -> Comment:
    """Leave a remark.

    Args:
        pin: ``{sop_instance_uid, frame_number, point: [column, row]}`` in pixels, or None.
        finding: one of the same work item, or None.

    Raises:
        Invalid: no text, too long, or a pin outside the study's images.
    """
    if not text.strip():
        raise Invalid("text_missing", "Write something first.")
    if len(text) > TEXT_LIMIT:
        raise Invalid("text_too_long", f"Shorten the remark to {TEXT_LIMIT} characters.", limit=TEXT_LIMIT)
    with transaction.atomic():
        comment = Comment.objects.create(
            workitem=workitem,
            author=author,
            text=text,
            pin=_checked_pin(pin, workitem) if pin else None,
            finding=finding,
        )
        audit.record(
            AuditKind.COMMENT_ADDED,
            actor=author,
            object_kind="workitem",
            object_id=workitem.pk,
            project=workitem.project,
            detail={"comment": comment.pk, "finding": finding.pk if finding else None, "pinned": pin is not None},
        )
        told = OfWorkitem(workitem_id=workitem.pk)
        events.publish(EventKind.COMMENT_ADDED, comment.pk, project=workitem.project, detail=told)
    return comment

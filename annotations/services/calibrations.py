"""Calibration by hand: a known length makes millimetres on an image that has none, or wrong ones. Append-only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from annotations import errors
from annotations.access import locked_workitem
from annotations.content.calibrations import calibrations_in_force, steps_of_length
from annotations.content.checks import checked_content
from annotations.content.image_space import frame_space
from annotations.content.revision_json import whole_content
from annotations.models import Calibration, Finding, Step, Workitem
from annotations.rules.may import Act, require_act
from annotations.rules.reveal import seen_ai
from annotations.services.revisions import revision_written
from annotations.services.steps import step_take
from core import audit, events
from core.audit_kinds import AuditKind
from core.event_kinds import EventKind
from imaging.models import Instance

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from core.models import User


def calibration_add(
    *,
    workitem: Workitem,
    author: User,
    sop_instance_uid: str,
    frame_number: int,
    points: Sequence[Sequence[float]],
    length_mm: float,
    whole_series: bool = False,
) -> Calibration:
    """Say how long a drawn line is; from now on the image (or its series) is measured by it, in this case.

    Args:
        points: both ends, (column, row) in pixels.
        length_mm: the known length.
        whole_series: it holds for every image of the series of the same size.

    Raises:
        Conflict: signed off, or not being read. Forbidden: somebody else reads it. Invalid: see ``steps_of_length``.
    """
    with transaction.atomic():
        workitem = locked_workitem(workitem.pk)
        require_act(Act.EDIT, author, workitem)
        instances = Instance.objects.select_related("series").filter(series__study=workitem.study_id)
        instance = instances.filter(sop_instance_uid=sop_instance_uid).first()
        if instance is None or not 1 <= frame_number <= max(1, instance.number_of_frames):
            raise errors.content_wrong("image_unknown", "The line was drawn on an image that is not in this study.")
        space = frame_space(instance, frame_number)
        row_mm, column_mm = steps_of_length(space, points, length_mm)
        row = Calibration.objects.create(
            workitem=workitem,
            author=author,
            series_instance_uid=instance.series.series_instance_uid,
            sop_instance_uid=instance.sop_instance_uid,
            frame_number=frame_number,
            whole_series=whole_series,
            points=[[float(value) for value in point] for point in points],
            length_mm=length_mm,
            row_mm=row_mm,
            column_mm=column_mm,
            rows=space.rows,
            columns=space.columns,
        )
        _tell(row, AuditKind.CALIBRATION_ADDED)
        _measure_again(workitem, author)
    return row


def calibration_withdraw(*, workitem: Workitem, author: User, calibration_id: UUID) -> Calibration:
    """Take a calibration back: a row without a length; the image is measured as its header says again.

    Raises:
        NotFound: it does not hold (any more). Conflict, Forbidden: as ``calibration_add``.
    """
    with transaction.atomic():
        workitem = locked_workitem(workitem.pk)
        require_act(Act.EDIT, author, workitem)
        held = next((row for row in calibrations_in_force(workitem) if row.pk == calibration_id), None)
        if held is None:
            raise errors.calibration_not_found()
        row = Calibration.objects.create(
            workitem=workitem,
            author=author,
            series_instance_uid=held.series_instance_uid,
            sop_instance_uid=held.sop_instance_uid,
            frame_number=held.frame_number,
            whole_series=held.whole_series,
            points=held.points,
            rows=held.rows,
            columns=held.columns,
        )
        _tell(row, AuditKind.CALIBRATION_WITHDRAWN)
        _measure_again(workitem, author)
    return row


def _tell(row: Calibration, kind: AuditKind) -> None:
    audit.record(
        kind,
        actor=row.author,
        object_kind="workitem",
        object_id=row.workitem_id,
        project=row.workitem.project,
        detail={
            "calibration": row.pk,
            "image": row.sop_instance_uid,
            "whole_series": row.whole_series,
            "length_mm": row.length_mm,
            "row_mm": row.row_mm,
            "column_mm": row.column_mm,
        },
    )
    workitem = row.workitem
    if workitem.state == Workitem.State.SUBMITTED:
        # Whoever is about to sign has seen other millimetres.
        step_take(workitem, Step.Kind.CALIBRATED, row.author)
    else:
        events.publish(EventKind.WORKITEM_CHANGED, workitem.pk, project=workitem.project, version=workitem.version)


def _measure_again(workitem: Workitem, author: User) -> None:
    """Append to the author's own findings what they measure now; what others said stays as they said it."""
    own = workitem.findings.filter(author=author, algorithm_type=Finding.AlgorithmType.MANUAL, deleted=False)
    for finding in own.select_related("head__label"):
        head = finding.head
        if head is None or not head.content.get("measures"):
            continue
        finding.workitem = workitem
        content = checked_content(whole_content(head), workitem=workitem, kind=finding.kind, kept=head.label)
        if content.said["measures"] != head.content["measures"]:
            visible = seen_ai(author, workitem, None)
            revision_written(finding=finding, author=author, content=content, cause="calibration", ai_visible=visible)

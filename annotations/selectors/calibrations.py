"""The calibrations by hand that hold in a case."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from annotations.content.calibrations import calibrated_spacing, calibration_among, calibrations_in_force
from annotations.content.revision_json import person_json
from annotations.models import Calibration, Workitem
from imaging.models import Instance


def calibration_json(row: Calibration) -> dict[str, Any]:
    """Return one calibration with the spacing that it gives, and the images that are measured by it."""
    images = Instance.objects.select_related("series").filter(
        series__study=row.workitem.study_id, series__series_instance_uid=row.series_instance_uid
    )
    in_force = calibrations_in_force(row.workitem)
    held = [one.sop_instance_uid for one in images if row == calibration_among(in_force, one)]
    return {
        "sop_instance_uids": held,
        "id": row.pk,
        "series_instance_uid": row.series_instance_uid,
        "sop_instance_uid": row.sop_instance_uid,
        "frame_number": row.frame_number,
        "whole_series": row.whole_series,
        "points": row.points,
        "length_mm": row.length_mm,
        "rows": row.rows,
        "columns": row.columns,
        "spacing": asdict(calibrated_spacing(row)),
        "author": person_json(row.author),
        "created_at": row.created_at,
    }


def calibrations_json(workitem: Workitem) -> list[dict[str, Any]]:
    """Return the calibrations that hold, oldest first."""
    return [calibration_json(row) for row in calibrations_in_force(workitem)]

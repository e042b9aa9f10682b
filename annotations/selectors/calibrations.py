"""The calibrations by hand that hold in a case."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from annotations.content.calibrations import calibrated_spacing, calibrations_in_force
from annotations.content.revision_json import person_json
from annotations.models import Calibration, Workitem


def calibration_json(row: Calibration) -> dict[str, Any]:
    """Return one calibration with the spacing that it gives."""
    return {
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

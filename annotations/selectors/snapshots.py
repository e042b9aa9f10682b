"""Frozen datasets, and their cases for training."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any

from annotations.content.revision_json import person_json
from annotations.models import DatasetSnapshot
from core import blobs
from core.models import Project

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SnapshotCase:
    """One image of a frozen dataset.

    Attributes:
        patient_key: pseudonym; all images of a patient share it, and the split.
        frame_number: from 1.
        rows, columns: of the image.
        split: train, validation or test.
        labels: per label key 1 present, 0 absent, None unknown.
        provenance: of its most instructive label (see ``annotations.dataset.teaching``).
        weight: for the loss, mean over its known labels; ``label_weights`` has them one by one.
        sampling: how many times it is drawn in an epoch, for the label that asks for most; ``label_sampling`` has
            them one by one (empty in datasets that were frozen before it was kept).
        regions: accepted ones ``{label_key, revision_digest, kind, provenance, weight, sampling, geometry,
            points_px, mask}``:
            ``points_px`` are (column, row) pixels (an ellipse's are its top, bottom, left, right ends), ``mask`` is
            ``{rows, columns, runs}`` over this frame's row-major pixels.
        rejected_regions: the same for what reviewers rejected: places where the label is not.
        groups: ``{sex, age_band, view, scanner}``.
        pixel_digest: of the stored pixels.
    """

    patient_key: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    frame_number: int
    rows: int
    columns: int
    split: str
    labels: dict[str, int | None]
    provenance: str
    weight: float
    sampling: int
    label_provenance: dict[str, str]
    label_weights: dict[str, float]
    regions: list[Json]
    rejected_regions: list[Json]
    groups: dict[str, str]
    pixel_digest: str
    label_sampling: dict[str, int] = field(default_factory=dict)


_FIELDS = {one.name for one in fields(SnapshotCase)}


def snapshot_cases(snapshot: DatasetSnapshot) -> list[SnapshotCase]:
    """Return the cases of a frozen dataset in the order of its manifest (sorted by patient, image, frame)."""
    rows = (json.loads(line) for line in blobs.get(snapshot.manifest_digest).splitlines())
    return [SnapshotCase(**{name: value for name, value in row.items() if name in _FIELDS}) for row in rows]


def snapshot_json(snapshot: DatasetSnapshot) -> Json:
    """Return a snapshot in the API's shape."""
    names = ("id", "name", "digest", "manifest_digest", "recipe", "label_keys", "counts", "created_at")
    return {
        **{name: getattr(snapshot, name) for name in names},
        "project": snapshot.project.slug,
        "frozen_by": person_json(snapshot.frozen_by),
    }


def snapshots_json(project: Project) -> list[Json]:
    """Return the snapshots of a project, newest first."""
    rows = DatasetSnapshot.objects.filter(project=project).select_related("project", "frozen_by")
    return [snapshot_json(row) for row in rows.order_by("-created_at", "id")]

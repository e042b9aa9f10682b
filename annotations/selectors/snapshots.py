"""Frozen datasets, and their cases for training."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any

from annotations.content.revision_json import person_json
from annotations.dataset.digests import snapshot_digest
from annotations.models import DatasetSnapshot, SnapshotRequest
from core import blobs
from core.models import Job, Project

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
        file_digest: of the stored file that was shown when it was frozen: the case is read from it, whatever is shown
            since. Empty in datasets that were frozen before it was kept, as is ``modality``, of its series then.
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
    file_digest: str = ""
    modality: str = ""


_FIELDS = {one.name for one in fields(SnapshotCase)}


def snapshot_cases(snapshot: DatasetSnapshot) -> list[SnapshotCase]:
    """Return the cases of a frozen dataset in the order of its manifest (sorted by patient, image, frame)."""
    return manifest_cases(snapshot.manifest_digest)


def manifest_cases(digest: str) -> list[SnapshotCase]:
    """Return the cases of a manifest, by the digest under which it is kept."""
    rows = (json.loads(line) for line in blobs.get(digest).splitlines())
    return [SnapshotCase(**{name: value for name, value in row.items() if name in _FIELDS}) for row in rows]


def snapshot_json(snapshot: DatasetSnapshot) -> Json:
    """Return a snapshot in the API's shape."""
    names = (
        "id", "name", "digest", "manifest_digest", "datasheet_digest", "question", "label_keys", "counts", "created_at",
    )  # fmt: skip
    return {
        **{name: getattr(snapshot, name) for name in names},
        "project": snapshot.project.slug,
        "frozen_by": person_json(snapshot.frozen_by),
    }


def snapshots_json(project: Project) -> list[Json]:
    """Return the snapshots of a project, newest first."""
    rows = DatasetSnapshot.objects.filter(project=project).select_related("project", "frozen_by")
    return [snapshot_json(row) for row in rows.order_by("-created_at", "id")]


def snapshot_manifest(snapshot: DatasetSnapshot) -> bytes:
    """Return the manifest as it was frozen: JSON lines, one image a line; its SHA-256 is its digest."""
    return blobs.get(snapshot.manifest_digest)


def datasheet_json(snapshot: DatasetSnapshot) -> Json:
    """Return the datasheet as it was written with the dataset, and whether all of it is still what was frozen.

    ``sheet`` is null for a dataset that was frozen before datasheets were kept. ``checks`` are found out now:
    whether the stored manifest and datasheet have the digests by which they are named, and whether the dataset's own
    digest follows from the manifest's.
    """
    named = snapshot_digest(
        project=snapshot.project, question=snapshot.question, label_keys=snapshot.label_keys,
        manifest=snapshot.manifest_digest,
    )  # fmt: skip
    kept = bool(snapshot.datasheet_digest)
    checks = {
        "manifest": blobs.verify(snapshot.manifest_digest),
        "digest": named == snapshot.digest,
        "datasheet": blobs.verify(snapshot.datasheet_digest) if kept else None,
    }
    sheet = json.loads(blobs.get(snapshot.datasheet_digest)) if kept and checks["datasheet"] else None
    return {"snapshot": snapshot_json(snapshot), "sheet": sheet, "checks": checks}


def request_json(row: SnapshotRequest, job: Job | None) -> Json:
    """Return a request in the API's shape: where its job is, and what came of it."""
    over = row.result is not None or row.snapshot_id is not None
    state = job.state if job else (Job.State.SUCCEEDED if over else Job.State.CANCELLED)
    progress = job.progress if job else {}
    found = row.result if row.result and "counts" in row.result and "ready" in row.result else None
    return {
        "id": row.pk,
        "kind": row.kind,
        "name": row.name,
        "question": row.question,
        "label_keys": row.label_keys,
        "state": state,
        "cancel_requested": bool(job and job.cancel_requested),
        "phase": progress.get("phase", ""),
        "done": progress.get("done", 0),
        "of": progress.get("of", 0),
        "preview": found and {**found, "wants_blind_reading": len(found.get("wants_blind_reading", ()))},
        "snapshot": snapshot_json(row.snapshot) if row.snapshot else None,
        "error": {"code": job.error_code, "message": job.error_message, "detail": _detail(row)}
        if job and job.error_code and state == Job.State.FAILED
        else None,
        "requested_by": person_json(row.requested_by),
        "created_at": row.created_at,
    }


def _detail(row: SnapshotRequest) -> Json:
    return {"missing": (row.result or {}).get("missing", [])}

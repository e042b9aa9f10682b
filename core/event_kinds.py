"""The kinds of live events, and what each says besides the id. The browser's types are made from these."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class EventKind(StrEnum):
    """What may change. ``object_id`` names the thing of the kind's noun."""

    WORKITEM_CHANGED = "workitem.changed"
    FINDING_CHANGED = "finding.changed"
    COMMENT_ADDED = "comment.added"
    PREDICTION_CHANGED = "prediction.changed"
    SALIENCY_CHANGED = "saliency.changed"
    TRAINING_CHANGED = "training.changed"
    REPORT_READY = "report.ready"
    MODEL_PROMOTED = "model.promoted"
    MODEL_CHANGED = "model.changed"
    UPLOAD_CHANGED = "upload.changed"
    STUDY_CHANGED = "study.changed"
    SNAPSHOT_FROZEN = "snapshot.frozen"
    PROJECT_CHANGED = "project.changed"
    JOB_CHANGED = "job.changed"
    REGISTRATION_CHANGED = "registration.changed"


class EventDetail(BaseModel):
    """What an event says besides its id: ids and progress numbers, never patient data."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoDetail(EventDetail):
    """Nothing but the id."""


class OfWorkitem(EventDetail):
    """Whose work item it belongs to."""

    workitem_id: UUID


class OfPrediction(OfWorkitem):
    """Whose prediction it explains."""

    prediction_id: UUID


class TrainingNumbers(EventDetail):
    """Where a training is, as the training loop says it.

    Attributes:
        share: of the whole that is done, 0..1; None while nothing can be said.
        step, steps: of the optimiser over all epochs (while preparing: images read).
        loader_share: of the time of an epoch's steps that is spent waiting for batches, 0..1.
        notes: sentences about what the training did of itself, e.g. where memory ran out.
    """

    phase: Literal["preparing", "training", "validating", "calibrating", "finished"]
    epoch: int
    epochs: int
    step: int
    steps: int
    share: float | None
    losses: dict[str, float]
    metric_name: str
    metric: float | None
    eta_seconds: float | None
    elapsed_seconds: float
    loader_share: float | None = None
    notes: list[str] = []


class OfTraining(EventDetail):
    """How a training goes: numbers while it runs; its end with the version or the code of the error."""

    phase: Literal["queued", "running", "cancelling", "cancelled", "succeeded", "failed"]
    numbers: TrainingNumbers | None = None
    version_id: UUID | None = None
    error_code: str = ""


class OfReport(EventDetail):
    """What was judged, and whether it passed the gate."""

    version_id: UUID
    family_id: UUID
    passed: bool


class OfPromotion(EventDetail):
    """Which version is in use now."""

    direction: Literal["promote", "roll_back"]
    version_id: UUID


#: What each kind says: every kind is here, and publishing says nothing else.
DETAILS: Final[dict[EventKind, type[EventDetail]]] = {
    EventKind.WORKITEM_CHANGED: NoDetail,
    EventKind.FINDING_CHANGED: OfWorkitem,
    EventKind.COMMENT_ADDED: OfWorkitem,
    EventKind.PREDICTION_CHANGED: OfWorkitem,
    EventKind.SALIENCY_CHANGED: OfPrediction,
    EventKind.TRAINING_CHANGED: OfTraining,
    EventKind.REPORT_READY: OfReport,
    EventKind.MODEL_PROMOTED: OfPromotion,
    EventKind.MODEL_CHANGED: NoDetail,
    EventKind.UPLOAD_CHANGED: NoDetail,
    EventKind.STUDY_CHANGED: NoDetail,
    EventKind.SNAPSHOT_FROZEN: NoDetail,
    EventKind.PROJECT_CHANGED: NoDetail,
    EventKind.JOB_CHANGED: NoDetail,
    EventKind.REGISTRATION_CHANGED: OfWorkitem,
}

"""Saliency maps: why a version said what it said of one label, in the image's own grid."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from core import audit, blobs, events
from core.audit_kinds import AuditKind
from core.event_kinds import EventKind, OfPrediction
from core.jobs import job_request
from core.models import Job, User
from inference import errors
from inference.access import locked_saliency
from inference.engine.map_licence import withheld
from inference.engine.recipe_cards import recipe_card
from inference.map_grades import map_grades
from inference.models import Prediction, SaliencyMap

_State = SaliencyMap.State


def _tell(saliency: SaliencyMap) -> None:
    prediction = saliency.prediction
    detail = OfPrediction(prediction_id=prediction.pk, workitem_id=prediction.workitem_id)
    events.publish(EventKind.SALIENCY_CHANGED, saliency.pk, project=prediction.workitem.project, detail=detail)


def saliency_request(*, prediction: Prediction, label_key: str, method: str, requested_by: User | None) -> SaliencyMap:
    """Ask why a prediction says what it says of one label; the same question is one map.

    Raises:
        Conflict: the prediction is not finished, or the version does not offer such a map.
        Invalid: there is no such label or method.
    """
    known = {one.name: one for one in recipe_card(prediction.version.family.recipe).explanations}
    if method not in known:
        raise errors.method_unknown(method, list(known))
    if label_key not in prediction.version.card.get("labels", prediction.version.family.label_keys):
        raise errors.label_not_predicted(label_key)
    if prediction.state != Prediction.State.FINISHED:
        raise errors.prediction_not_finished()
    grades = map_grades(prediction.version).get(label_key)
    if reason := withheld(prediction.version.card, known[method], label_key, grades):
        raise errors.map_not_offered(reason.why, reason.code)
    with transaction.atomic():
        saliency, made = SaliencyMap.objects.get_or_create(prediction=prediction, label_key=label_key, method=method)
        saliency = locked_saliency(saliency.pk)
        if saliency.state == _State.FINISHED:
            return saliency
        again = saliency.state == _State.FAILED
        saliency.state, saliency.error_code = _State.REQUESTED, ""
        saliency.save(update_fields=["state", "error_code"])
        job_request(
            kind="explain",
            arguments={"saliency_id": str(saliency.pk)},
            requested_by=requested_by,
            project=prediction.workitem.project,
        )
        if made or again:
            audit.record(
                AuditKind.SALIENCY_REQUESTED, actor=requested_by, object_kind="saliency", object_id=saliency.pk,
                project=prediction.workitem.project,
                detail={"prediction": prediction.pk, "label_key": label_key, "method": method},
            )  # fmt: skip
            _tell(saliency)
    return saliency


def saliency_finish(
    *,
    saliency: SaliencyMap,
    map_bytes: bytes,
    shape_kji: tuple[int, int, int],
    frames: Sequence[tuple[str, int]],
    layer: str,
    parameters: dict[str, Any],
) -> SaliencyMap:
    """Keep a computed map; a second run changes nothing.

    Args:
        map_bytes: uint8 ``map_kji``, row-major, 0..255, in the grid of the images.
        frames: (SOP Instance UID, frame number from 1) of each k.

    Raises:
        ValueError: the bytes, the shape and the frames do not belong together.
    """
    if len(map_bytes) != shape_kji[0] * shape_kji[1] * shape_kji[2] or len(frames) != shape_kji[0]:
        raise ValueError("a saliency map must cover its images exactly")
    digest = blobs.put(zlib.compress(map_bytes, 6))
    with transaction.atomic():
        locked = locked_saliency(saliency.pk)
        if locked.state == _State.FINISHED:
            return locked
        locked.state, locked.error_code = _State.FINISHED, ""
        locked.map_digest, locked.shape_kji = digest, list(shape_kji)
        locked.sop_instance_uids = [[uid, number] for uid, number in frames]
        locked.layer, locked.parameters = layer, parameters
        locked.save()
        _tell(locked)
    return locked


def saliency_failed(job: Job) -> None:
    """Write on the map why its job came to nothing (the roof calls this after a failed or cancelled job)."""
    with transaction.atomic():
        found = SaliencyMap.objects.filter(pk=job.names("saliency_id")).first()
        if found is None:
            return
        locked = locked_saliency(found.pk)
        if locked.state != _State.REQUESTED:
            return
        locked.state, locked.error_code = _State.FAILED, job.error_code or "job_cancelled"
        locked.save(update_fields=["state", "error_code"])
        _tell(locked)

"""The job of a prediction: images → engine → what is kept and what is proposed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from annotations.content.image_space import frame_space
from annotations.geometry.kinds import SHAPES
from annotations.geometry.rasters import mask_to_runs
from annotations.models import Label
from annotations.services.revisions import Proposal
from core.digest import digest_of
from core.errors import Conflict, NotFound
from imaging.models import Instance
from inference.engine import predict as engine
from inference.jobs.images import images_seen, input_changed, model_of
from inference.models import Prediction
from inference.services.predictions import prediction_finish

if TYPE_CHECKING:
    from core.jobs import JobContext
    from inference.engine.results import Prediction as Said
    from inference.engine.results import Region
    from inference.jobs.images import Frames

Json = dict[str, Any]
#: At most so many outlines of one label on one image are proposed, the most probable first; of boxes all.
REGIONS_PROPOSED = 5


@dataclass
class _Gathered:
    """What was said of the images of a series so far."""

    prediction: Prediction
    uses: dict[str, list[str]]
    labels: dict[str, Json] = field(default_factory=dict)
    images: list[Json] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    case_score: float | None = None
    confidence: float | None = None

    def output(self) -> Json:
        return {
            "labels": self.labels,
            "case_score": self.case_score,
            "confidence": self.confidence,
            "images": self.images,
        }

    def propose(self, kind: str, key: str, content: Json, said: Said, probability: float, *place: object) -> None:
        version = self.prediction.version
        self.proposals.append(
            Proposal(
                kind=kind,
                label_key=key,
                content=content,
                probability=round(probability, 6),
                algorithm_name=version.family.title,
                algorithm_version=f"v{version.number} ({version.weights_digest[:8]})",
                # The same answer of the same version about the same place is one proposal, whatever else arrives.
                proposal_key=digest_of([str(version.pk), kind, key, [str(one) for one in place], content]),
                threshold=round(said.labels[key].threshold, 6),
            )
        )


def predict(context: JobContext, prediction_id: str) -> None:
    """Compute one prediction and keep it; running twice keeps it once.

    Raises:
        NotFound: the prediction is gone. Conflict: the series changed since it was asked for.
        OverreadError: the images cannot be read, or the model is not whole.
    """
    rows = Prediction.objects.select_related("workitem__project", "series__study", "version__family")
    prediction = rows.filter(pk=prediction_id).first()
    if prediction is None:
        raise NotFound("prediction_not_found", "The prediction was removed before it was computed.")
    if prediction.state == Prediction.State.FINISHED:
        return
    if input_changed(prediction):
        raise Conflict("series_changed", "The series has changed since the prediction was asked for. Ask again.")
    context.progress(phase="loading")
    model = model_of(prediction.version)
    gathered = _Gathered(prediction, _uses_of(prediction))
    for image, frames in images_seen(prediction.series, prediction.version):
        context.check()
        said = engine.predict(model, image, on_progress=lambda share: context.progress(phase="predicting", share=share))
        _add(gathered, said, frames)
    prediction_finish(
        prediction=prediction,
        output=gathered.output(),
        proposals=gathered.proposals,
        case_score=gathered.case_score,
    )


def _uses_of(prediction: Prediction) -> dict[str, list[str]]:
    """Return per label of the project, in use still, what may be said with it."""
    labels = Label.objects.filter(project=prediction.workitem.project_id, retired_at__isnull=True)
    return dict(labels.values_list("key", "uses"))


def _add(gathered: _Gathered, said: Said, frames: Frames) -> None:
    for key, label in said.labels.items():
        uid, number = frames[label.frame]
        entry = {**label.to_json(), "sop_instance_uid": uid, "frame_number": number}
        if key not in gathered.labels or entry["probability"] > gathered.labels[key]["probability"]:
            gathered.labels[key] = entry
    facts = said.to_json()
    gathered.images.append(
        {
            "sop_instance_uid": frames[0][0],
            "frames": len(frames),
            "labels": facts["labels"],
            "regions": facts["regions"],
        }
    )
    gathered.case_score = max(gathered.case_score or 0.0, said.case_score)
    gathered.confidence = min(gathered.confidence if gathered.confidence is not None else 1.0, said.confidence)
    if said.masks_kji:
        _propose_masks(gathered, said, frames)
    else:
        # A box says both that it is there and where: one finding for each, and none of the image beside them.
        if said.boxes is None:
            _propose_labels(gathered, said, frames)
        _propose_regions(gathered, said, frames)


def _propose_labels(gathered: _Gathered, said: Said, frames: Frames) -> None:
    for key, label in said.labels.items():
        if not label.is_positive or "image" not in gathered.uses.get(key, []):
            continue
        uid, number = frames[label.frame]
        # Of the image it saw, never of the study: others may arrive.
        content = {"present": True, "geometry": _place("image", None, uid, number, [])}
        gathered.propose("image_label", key, content, said, label.probability, uid, number)


def _propose_regions(gathered: _Gathered, said: Said, frames: Frames) -> None:
    count: dict[tuple[str, int], int] = {}
    for region in said.regions:
        which = (region.label, region.frame)
        rank = count.get(which, 0)
        most = None if said.boxes is not None else REGIONS_PROPOSED
        if (most is not None and rank >= most) or "region" not in gathered.uses.get(region.label, []):
            continue
        if region.probability < said.labels[region.label].threshold:
            continue
        count[which] = rank + 1
        uid, number = frames[region.frame]
        content = _outline(region, uid, number)
        if content is None:
            continue
        gathered.propose(region.kind, region.label, content, said, region.probability, uid, number, rank)


def _propose_masks(gathered: _Gathered, said: Said, frames: Frames) -> None:
    for key, mask_kji in said.masks_kji.items():
        if "segment" not in gathered.uses.get(key, []) or not mask_kji.any():
            continue
        painted = [
            {"sop_instance_uid": uid, "frame_number": number, "runs": mask_to_runs(mask_kji[k] > 0)}
            for k, (uid, number) in enumerate(frames)
            if np.any(mask_kji[k])
        ]
        mask = {
            "series_instance_uid": gathered.prediction.series.series_instance_uid,
            "rows": int(mask_kji.shape[1]),
            "columns": int(mask_kji.shape[2]),
            "frames": painted,
        }
        gathered.propose("mask", key, {"mask": mask}, said, said.labels[key].probability)


def _place(space: str, reference: str | None, uid: str, number: int, points: list[list[float]]) -> Json:
    return {
        "space": space,
        "frame_of_reference_uid": reference,
        "sop_instance_uid": uid,
        "frame_number": number,
        "points": points,
    }


def _outline(region: Region, uid: str, number: int) -> Json | None:
    """Return a region's outline in patient space where the image has one, else in its pixels; None of a sliver."""
    space = frame_space(Instance.objects.select_related("series").get(sop_instance_uid=uid), number)
    if SHAPES[region.kind].fault(np.asarray(region.polygon, np.float64), space.scale, (space.rows, space.columns)):
        return None
    pixels = [[float(column), float(row)] for column, row in region.polygon]
    if space.plane is None or not space.frame_of_reference_uid:
        return {"geometry": _place("image", None, uid, number, pixels)}
    points = [[float(value) for value in point] for point in space.plane.to_patient(pixels)]
    return {"geometry": _place("patient", space.frame_of_reference_uid, uid, number, points)}

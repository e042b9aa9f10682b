"""The cases that a report shows: the picture that was judged, with both outlines, as far as the viewer may see it."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from annotations.models import Reading, Workitem
from annotations.rules.reveal import ai_hidden_from
from annotations.selectors.snapshots import snapshot_cases
from core import blobs
from imaging.access import accessible_studies
from imaging.models import Instance
from imaging.selectors import frame_facts_of
from inference.engine.box_report import BoxExample
from inference.engine.gaze_report import GazeExample
from inference.engine.outlines import pixel_outlines
from inference.engine.report import Evaluation, Example, LabelFigures
from inference.judged import Lines, boxes_on_shown_slice, masks_kept, shown_slice

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from core.models import User
    from inference.models import EvaluationReport

Json = dict[str, Any]
AnyExample = Example | BoxExample


def examples_json(report: EvaluationReport, user: User) -> list[Json]:
    """Return the examples of every label of a report, in the report's order.

    Each is the ``Example`` or ``BoxExample`` of the report (null what only the other has), its ``label_key``,
    ``picture`` (image, slice, size), ``truth`` and ``model`` (lines as [[column, row] …]; (0, 0) is the centre of the
    first pixel), and ``workitem_id``. Where the viewer may not see it, or other pixels are shown now than were judged,
    ``picture`` is null, there are no lines, and ``why`` says the reason.

    Args:
        report: the caller has checked that it may be read.
        user: who looks.
    """
    figures = Evaluation.kept(report.report)
    shown = [(key, one) for key, own in (figures.labels if figures else {}).items() for one in _examples_of(own)]
    if not shown:
        return []
    outputs: Json = json.loads(zlib.decompress(blobs.get(report.outputs_digest)))
    kept: dict[str, str] = outputs.get("masks", {})
    judged = {case.sop_instance_uid: case.pixel_digest for case in snapshot_cases(report.snapshot)}
    return [_example(report, user, label, example, kept.get(example.case_id, ""), judged) for label, example in shown]


def _examples_of(figures: LabelFigures) -> tuple[AnyExample, ...]:
    masks, boxes = figures.segmentation, figures.boxes
    return (*(masks.examples if masks else ()), *(boxes.examples if boxes else ()))


def _example(
    report: EvaluationReport,
    user: User,
    label: str,
    example: Example | BoxExample,
    digest: str,
    judged: Mapping[str, str],
) -> Json:
    """Return one example; ``judged`` has by SOP Instance UID the digest of the pixels that were frozen."""
    said = {"label_key": label, **_figures(example)}
    nothing: Json = {"picture": None, "truth": [], "model": [], "workitem_id": None}
    if not digest:
        return {
            **said,
            **nothing,
            "why": f"Its {'boxes' if isinstance(example, BoxExample) else 'masks'} were not kept.",
        }
    kept = masks_kept(digest)
    k, model, truth = _lines(kept, label, example)
    uid, number = kept["frames"][k]
    instance, workitem, why = _shown_image(report, user, uid)
    if instance is None:
        return {**said, **nothing, "why": why}
    if judged.get(uid) != instance.pixel_digest:
        seen = {**nothing, "workitem_id": workitem.pk if workitem else None}
        return {**said, **seen, "why": "This image was replaced since it was judged: the outlines are of other pixels."}
    aspect = frame_facts_of(instance, number).space.aspect
    return {
        **said,
        "picture": {
            "study_instance_uid": instance.series.study.study_instance_uid,
            "series_instance_uid": instance.series.series_instance_uid,
            "sop_instance_uid": uid,
            "frame_number": number,
            "pixel_aspect": aspect[0] / aspect[1],
            "rows": kept["rows"],
            "columns": kept["columns"],
            "slice": k + 1,
            "slices": len(kept["frames"]),
        },
        "truth": truth,
        "model": model,
        "workitem_id": workitem.pk if workitem else None,
        "why": "",
    }


def gaze_examples_json(report: EvaluationReport, user: User) -> list[Json]:
    """Return the cases that tell most of where a version looks, in the order in which they were kept.

    Each has ``label_key``, ``words``, ``pictures`` (small ones, with the logit and the probability that each gave) and
    ``workitem_id``. Where the viewer may not see it there are no pictures, and ``why`` says the reason.
    """
    figures = Evaluation.kept(report.report)
    if figures is None or all(one.gaze is None for one in figures.labels.values()):
        return []
    outputs: Json = json.loads(zlib.decompress(blobs.get(report.outputs_digest)))
    return [
        _gaze_example(report, user, GazeExample.model_validate(one))
        for one in outputs.get("gaze", {}).get("examples", [])
    ]


def _gaze_example(report: EvaluationReport, user: User, example: GazeExample) -> Json:
    instance, workitem, why = _shown_image(report, user, example.case_id.rpartition("/")[0])
    pictures = [] if instance is None else [one.model_dump(mode="json") for one in example.pictures]
    said = {"label_key": example.label_key, "words": example.words, "pictures": pictures, "why": why}
    return {**said, "workitem_id": workitem.pk if workitem else None}


def _shown_image(report: EvaluationReport, user: User, uid: str) -> tuple[Instance | None, Workitem | None, str]:
    """Return a judged image and its case as far as the viewer may see them, or else why not."""
    instance = Instance.objects.select_related("series__study").filter(sop_instance_uid=uid).first()
    if instance is None or not accessible_studies(user).filter(pk=instance.series.study_id).exists():
        return None, None, "Its image is no longer stored, or is in none of your projects."
    rows = Workitem.objects.filter(project=report.version.family.project, study=instance.series.study)
    workitem = rows.select_related("project", "study").first()
    if workitem is not None and _being_read_by(user, workitem):
        return None, None, "The case is being read again: what was said of it is hidden from you."
    return instance, workitem, ""


def _figures(example: AnyExample) -> Json:
    """Return the figures of an example of either kind; null what only the other kind has."""
    own = example.model_dump(mode="json", exclude={"case_id"})
    if isinstance(example, BoxExample):
        missed = example.marked > 0 and not example.found
        masks = dict.fromkeys(("dice", "hd95", "volume_true", "volume_predicted"))
        return {**masks, "unit": "", "extent_unit": "", "missed": missed, **own}
    return {**dict.fromkeys(("marked", "found", "beside")), **own}


def _lines(kept: Json, label: str, example: AnyExample) -> tuple[int, Lines, Lines]:
    """Return the slice k that is shown, and on it the lines of the model and of the truth."""
    if isinstance(example, BoxExample):
        return boxes_on_shown_slice(kept, label)
    _, painted, true = shown_slice(kept, label)
    return kept["labels"][label]["shown"], _points(painted), _points(true)


def _points(mask_ji: NDArray[np.bool_]) -> Lines:
    return [[[float(x), float(y)] for x, y in line] for line in pixel_outlines(mask_ji)]


def _being_read_by(user: User, workitem: Workitem) -> bool:
    """Whether the answers would be told to somebody who has yet to answer."""
    open_reading = workitem.readings.filter(reader=user, state=Reading.State.CLAIMED)
    return ai_hidden_from(user, workitem) or open_reading.exists()

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
from inference.engine.gaze_report import GazeExample
from inference.engine.outlines import pixel_outlines
from inference.engine.report import Evaluation
from inference.judged import masks_kept, shown_slice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.models import User
    from inference.engine.report import Example
    from inference.models import EvaluationReport

Json = dict[str, Any]


def examples_json(report: EvaluationReport, user: User) -> list[Json]:
    """Return the examples of every label of a report, in the report's order.

    Each is the ``Example`` of the report, its ``label_key``, ``picture`` (image, slice, size), ``truth`` and ``model``
    (lines as [[column, row] …]; (0, 0) is the centre of the first pixel), and ``workitem_id``. Where the viewer may not
    see it, or other pixels are shown now than were judged, ``picture`` is null, there are no lines, and ``why`` says
    the reason.

    Args:
        report: the caller has checked that it may be read.
        user: who looks.
    """
    figures = Evaluation.kept(report.report)
    shown = [
        (label, example)
        for label, one in (figures.labels if figures else {}).items()
        if one.segmentation is not None
        for example in one.segmentation.examples
    ]
    if not shown:
        return []
    outputs: Json = json.loads(zlib.decompress(blobs.get(report.outputs_digest)))
    kept: dict[str, str] = outputs.get("masks", {})
    judged = {case.sop_instance_uid: case.pixel_digest for case in snapshot_cases(report.snapshot)}
    return [_example(report, user, label, example, kept.get(example.case_id, ""), judged) for label, example in shown]


def _example(
    report: EvaluationReport, user: User, label: str, example: Example, digest: str, judged: Mapping[str, str]
) -> Json:
    """Return one example; ``judged`` has by SOP Instance UID the digest of the pixels that were frozen."""
    said = {"label_key": label, **example.model_dump(mode="json", exclude={"case_id"})}
    nothing: Json = {"picture": None, "truth": [], "model": [], "workitem_id": None}
    if not digest:
        return {**said, **nothing, "why": "Its masks were not kept."}
    kept = masks_kept(digest)
    (uid, number), painted, true = shown_slice(kept, label)
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
            "slice": kept["labels"][label]["shown"] + 1,
            "slices": len(kept["frames"]),
        },
        "truth": pixel_outlines(true),
        "model": pixel_outlines(painted),
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


def _being_read_by(user: User, workitem: Workitem) -> bool:
    """Whether the answers would be told to somebody who has yet to answer."""
    open_reading = workitem.readings.filter(reader=user, state=Reading.State.CLAIMED)
    return ai_hidden_from(user, workitem) or open_reading.exists()

"""One decision of a reviewer is one case of the locked test, and moves the report by exactly that case."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from annotations.dataset.split import patient_key, split_of
from annotations.models import Finding, ReadingProtocol, Workitem
from annotations.services.reviews import review_record
from annotations.services.revisions import finding_create
from annotations.services.sign_off import workitem_decide, workitem_reopen
from annotations.services.snapshots import snapshot_freeze
from annotations.services.workitems import workitem_claim, workitem_submit
from core import blobs
from imaging.models import Patient
from inference.models import EvaluationReport, ModelVersion
from inference.services.evaluation import evaluation_request
from tests.factories.reading import image_label
from tests.inference.planted_archive import Planted, install, make_family, open_workitem, plant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from annotations.models import DatasetSnapshot
    from core.models import Project, User

pytestmark = pytest.mark.django_db
LABEL = "square"
TP, FP, TN, FN = "true_positive", "false_positive", "true_negative", "false_negative"


def _planted(project: Project, number: int, split: str) -> Planted:
    """Store a study of a patient whom the site's key puts into the split; every second one has a square."""
    planted = plant(project, number, bright=number % 2 == 0)
    while split_of(patient_key(planted.study.patient)) != split:
        planted.study.patient.patient_id += "x"
    Patient.objects.filter(pk=planted.study.patient.pk).update(patient_id=planted.study.patient.patient_id)
    return planted


def _read_and_signed(project: Project, planted: Planted, reader: User, reviewer: User) -> Workitem:
    """Let the reader say what is there, before any model has spoken, and the reviewer sign it."""
    workitem = open_workitem(project, planted, reveal=ReadingProtocol.Reveal.AFTER_OWN_ANSWER)
    workitem = workitem_claim(workitem=workitem, by=reader, version=workitem.version)
    finding_create(workitem=workitem, author=reader, content=image_label(LABEL, present=planted.square is not None))
    version = Workitem.objects.get(pk=workitem.pk).version
    workitem = workitem_submit(workitem=workitem, by=reader, version=version)
    return workitem_decide(workitem=workitem, by=reviewer, version=workitem.version, event="accept")


def _turned_round(workitem: Workitem, admin: User, reviewer: User) -> None:
    """Reopen a case, and let a reviewer correct the answer to its opposite and sign it."""
    workitem = workitem_reopen(workitem=workitem, by=admin, version=workitem.version, reason="Look again.")
    said = Finding.objects.select_related("head").get(workitem=workitem)
    assert said.head is not None
    content = image_label(LABEL, present=not said.head.content["present"])
    review_record(
        finding=said, reviewer=reviewer, decision="corrected", corrected_content=content, if_match=said.head.digest
    )
    version = Workitem.objects.get(pk=workitem.pk).version
    workitem_decide(workitem=workitem, by=reviewer, version=version, event="correct")


def _judged(
    version: ModelVersion, snapshot: DatasetSnapshot, admin: User, run_jobs: Callable[[], int]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the stored figures of the label, and the stored output of each test case."""
    evaluation_request(version=version, snapshot=snapshot, requested_by=admin)
    run_jobs()
    report = EvaluationReport.objects.get(version=version, snapshot=snapshot)
    outputs = json.loads(zlib.decompress(blobs.get(report.outputs_digest)))
    return report.report["labels"][LABEL], outputs["version"]


def _counted(outputs: list[dict[str, Any]], threshold: float) -> dict[str, int]:
    """Count the four kinds of decisions, from the stored probabilities and the stored truth alone."""
    counted = dict.fromkeys((TP, FP, TN, FN), 0)
    for one in outputs:
        seen, there = one["probabilities"][LABEL] >= threshold, one["truth"][LABEL] == 1
        counted[TP if seen and there else FP if seen else FN if there else TN] += 1
    return counted


def test_a_corrected_answer_of_one_case_moves_the_figures_of_the_report_by_that_case_and_no_other(
    project: Project, radiologist: User, reviewer: User, admin: User, square_model: Path, run_jobs: Callable[[], int],
) -> None:  # fmt: skip
    version = install(make_family(project, admin), square_model)
    lots = {"train": (100, 102), "validation": (110, 112), "test": (120, 132)}
    held = {
        number: _read_and_signed(project, _planted(project, number, split), radiologist, reviewer)
        for split, (first, end) in lots.items()
        for number in range(first, end)
    }
    chosen = {"project": project, "question": "classification", "label_keys": [LABEL], "by": admin}
    before, outputs = _judged(version, snapshot_freeze(name="before", **chosen), admin, run_jobs)
    turned = held[120]
    _turned_round(turned, admin, reviewer)
    after, changed = _judged(version, snapshot_freeze(name="after", **chosen), admin, run_jobs)

    threshold = before["threshold"]
    assert after["threshold"] == threshold, "the model is the same"
    (image,) = turned.study.series.get().instances.all()
    different = [
        (was, now) for was, now in zip(outputs, changed, strict=True) if was != now
    ]  # the very same answers, but for the truth of one case
    ((was, now),) = different
    assert was["case_id"].startswith(image.sop_instance_uid)
    assert (was["truth"], now["truth"]) == ({LABEL: 1}, {LABEL: 0})
    assert was["probabilities"] == now["probabilities"]

    for figures, stored in ((before, outputs), (after, changed)):
        counted = _counted(stored, threshold)
        assert figures["confusion"] == counted
        right = (counted[TP] + counted[TN]) / 12
        assert figures["accuracy"]["value"] == pytest.approx(right)
        assert figures["sensitivity"]["value"] == pytest.approx(counted[TP] / (counted[TP] + counted[FN]))
        assert figures["specificity"]["value"] == pytest.approx(counted[TN] / (counted[TN] + counted[FP]))
    one, two = _counted(outputs, threshold), _counted(changed, threshold)
    seen = was["probabilities"][LABEL] >= threshold
    moved = {key: two[key] - one[key] for key in one}
    assert moved == ({TP: -1, FP: 1, TN: 0, FN: 0} if seen else {TP: 0, FP: 0, TN: 1, FN: -1})

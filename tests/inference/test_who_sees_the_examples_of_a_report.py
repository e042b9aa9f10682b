"""The examples of a report: pictures and lines for those who may see them, and a reason for everybody else."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from django.utils import timezone

from annotations.models import Reading, ReadingProtocol, Sight
from annotations.services.workitems import workitem_claim
from core import blobs
from imaging.models import Instance, ProjectStudy
from inference.engine.case_result import CaseResult
from inference.engine.evaluate import evaluate
from inference.engine.gate import compare
from inference.engine.grid import Grid
from inference.engine.mask_score import score_segmentation
from inference.engine.sample import Sample
from inference.judged import masks_keep
from inference.models import EvaluationReport, ModelVersion
from tests.factories.api import Api
from tests.inference.planted_archive import COLUMNS, ROWS, freeze, make_family, open_workitem, plant

if TYPE_CHECKING:
    from core.models import Project, User
    from tests.inference.planted_archive import Planted

pytestmark = pytest.mark.django_db


@pytest.fixture
def planted(project: Project) -> Planted:
    return plant(project, 2, bright=True)


@pytest.fixture
def report(project: Project, admin: User, planted: Planted) -> EvaluationReport:
    """A report on one case, of which half was painted."""
    family = make_family(project, admin, "segmentation")
    painted = np.zeros((1, ROWS, COLUMNS), np.bool_)
    true = painted.copy()
    true[0, 4:8, 6:10], painted[0, 4:6, 6:10] = True, True
    name = (planted.instance.sop_instance_uid, 1)
    sample = Sample(f"{name[0]}/1", "p", lambda: None, {"square": 1.0}, frames=lambda: [name])  # type: ignore[arg-type, return-value]
    score = score_segmentation(painted, true, Grid.of(1, None))
    cases = [CaseResult(sample.sample_id, "p", {"square": 0.9}, {"square": 1.0}, {}, {"square": score})]
    limits = {"square": 0.5}
    outputs = {"version": [], "masks": {sample.sample_id: masks_keep(sample, {"square": (painted, true)})}}
    return EvaluationReport.objects.create(
        version=ModelVersion.objects.create(family=family, number=1, weights_digest="a" * 64, card_digest="b" * 64),
        snapshot=freeze(project, {"test": [planted]}, question="segmentation"),
        report=evaluate(cases, labels=["square"], thresholds=limits, replicates=20).to_json(),
        gate=compare(None, cases, labels=["square"], challenger_thresholds=limits).to_json(),
        outputs_digest=blobs.put(zlib.compress(json.dumps(outputs).encode())),
        digest="c" * 64,
    )


def seen_by(user: User, report: EvaluationReport) -> dict[str, object]:
    status, (example,) = Api(user)("GET", f"reports/{report.pk}/examples")
    assert status == 200
    return dict(example)


def test_both_outlines_lie_on_the_edges_of_the_pixels_that_were_judged(
    report: EvaluationReport, reviewer: User, planted: Planted, project: Project
) -> None:
    workitem = open_workitem(project, planted)
    example = seen_by(reviewer, report)
    assert example["truth"] == [[[9.5, 3.5], [9.5, 7.5], [5.5, 7.5], [5.5, 3.5]]]
    assert example["model"] == [[[9.5, 3.5], [9.5, 5.5], [5.5, 5.5], [5.5, 3.5]]]
    assert example["dice"] == pytest.approx(2 * 8 / 24)
    assert (example["workitem_id"], example["why"]) == (str(workitem.pk), "")
    assert example["picture"]["sop_instance_uid"] == planted.instance.sop_instance_uid  # type: ignore[index]


def test_outlines_are_not_drawn_on_other_pixels_than_were_judged(
    report: EvaluationReport, reviewer: User, planted: Planted, project: Project
) -> None:
    workitem = open_workitem(project, planted)
    image = planted.instance
    Instance.objects.filter(pk=image.pk).update(blob_digest="e" * 64, version=2)
    assert seen_by(reviewer, report)["picture"] is not None, "another header lies on the same pixels"
    Instance.objects.filter(pk=image.pk).update(pixel_digest="d" * 64, version=3)
    replaced = seen_by(reviewer, report)
    assert (replaced["picture"], replaced["truth"], replaced["model"]) == (None, [], [])
    assert (replaced["workitem_id"], "was replaced since it was judged" in str(replaced["why"])) == (
        str(workitem.pk), True,
    )  # fmt: skip


def test_a_reviewer_who_reads_the_case_again_is_not_told_what_was_said_of_it(
    report: EvaluationReport, reviewer: User, admin: User, planted: Planted, project: Project
) -> None:
    workitem = open_workitem(project, planted)
    ReadingProtocol.objects.filter(project=project).update(reveal="always")
    workitem_claim(workitem=workitem, by=reviewer, version=workitem.version)
    assert Reading.objects.get(workitem=workitem).reader == reviewer
    hidden = seen_by(reviewer, report)
    assert (hidden["picture"], hidden["truth"], hidden["model"], hidden["workitem_id"]) == (None, [], [], None)
    assert "being read again" in str(hidden["why"])
    assert not Sight.objects.exists()
    assert seen_by(admin, report)["picture"] is not None
    Reading.objects.update(state="submitted", submitted_at=timezone.now())
    assert seen_by(reviewer, report)["picture"] is not None
    assert [(sight.reading.reader, sight.what) for sight in Sight.objects.all()] == [(reviewer, "answer")]


def test_an_image_that_left_the_viewers_projects_is_not_drawn(
    report: EvaluationReport, reviewer: User, planted: Planted
) -> None:
    ProjectStudy.objects.filter(study=planted.study).delete()
    gone = seen_by(reviewer, report)
    assert (gone["picture"], gone["truth"], gone["model"]) == (None, [], [])
    assert "none of your projects" in str(gone["why"])
    assert gone["dice"] == pytest.approx(2 * 8 / 24), "the figures of the report are the report's"


def test_a_report_from_before_masks_were_kept_says_so(report: EvaluationReport, reviewer: User) -> None:
    EvaluationReport.objects.filter(pk=report.pk).update(outputs_digest=blobs.put(zlib.compress(b'{"version": []}')))
    assert seen_by(reviewer, report)["why"] == "Its masks were not kept."


def test_a_report_from_before_empty_masks_were_counted_is_served_with_what_it_lacks_as_unknown(
    report: EvaluationReport, reviewer: User
) -> None:
    kept = report.report
    masks = kept["labels"]["square"]["segmentation"]
    then = ("n", "dice", "volume_error", "volume_bias", "hd95", "unit", "extent_unit")
    kept["labels"]["square"]["segmentation"] = {name: masks[name] for name in then}
    EvaluationReport.objects.filter(pk=report.pk).update(report=kept)
    status, served = Api(reviewer)("GET", f"reports/{report.pk}")
    shown = served["report"]["labels"]["square"]["segmentation"]
    assert (status, shown["dice"]) == (200, masks["dice"])
    assert (shown["with_mask"], shown["nsd"], shown["trivial"], shown["examples"]) == (None, None, [], [])
    assert Api(reviewer)("GET", f"reports/{report.pk}/examples") == (200, [])

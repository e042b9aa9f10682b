"""Segmentation goes the same way: painted masks teach, masks are proposed on the image's pixels, Dice is judged."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest

from annotations.content.revision_json import whole_content
from annotations.geometry.rasters import runs_to_mask
from annotations.models import Finding
from core import blobs
from inference.models import EvaluationReport, ModelVersion
from inference.services.predictions import predictions_on_arrival
from inference.services.promotion import version_promote
from inference.services.saliency import saliency_request
from inference.services.training import training_request
from tests.inference.planted_archive import COLUMNS, ROWS, SQUARE, freeze, make_family, open_workitem, plant, plant_many

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.models import Project, User

pytestmark = pytest.mark.django_db
CHOSEN = {"image_shape": [32, 48], "epochs": 14, "batch_size": 4, "learning_rate": 0.01, "seed": 1}


def test_a_segmentation_is_trained_judged_promoted_and_proposes_a_mask_on_the_square(
    project: Project, admin: User, run_jobs: Callable[[], int]
) -> None:
    family = make_family(project, admin, "segmentation")
    snapshot = freeze(
        project, plant_many(project, train=24, validation=4, test=12, all_bright=True), question="segmentation"
    )
    run = training_request(family=family, snapshot=snapshot, chosen=CHOSEN, reason="first", requested_by=admin)
    run_jobs()
    version = ModelVersion.objects.get(training_run=run)
    report = EvaluationReport.objects.get(version=version)
    assert report.gate["metric"] == "dice"
    assert report.report["labels"]["square"]["segmentation"]["dice"]["value"] > 0.6
    version_promote(version=version, report=report, reason="first model", by=admin)

    planted = plant(project, 2, bright=True)
    assert planted.square is not None
    workitem = open_workitem(project, planted)
    (prediction,) = predictions_on_arrival(workitem=workitem)
    run_jobs()
    finding = Finding.objects.get(workitem=workitem)
    assert (finding.kind, finding.algorithm_version[:3]) == ("mask", "v1 ")
    assert finding.probability is not None
    assert finding.head is not None
    mask = whole_content(finding.head)["mask"]
    found = runs_to_mask(mask["frames"][0]["runs"], (ROWS, COLUMNS))
    truth = np.zeros((ROWS, COLUMNS), np.bool_)
    row, column = planted.square
    truth[row : row + SQUARE, column : column + SQUARE] = True
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.6

    prediction.refresh_from_db()
    saliency = saliency_request(prediction=prediction, label_key="square", method="uncertainty", requested_by=admin)
    run_jobs()
    saliency.refresh_from_db()
    assert saliency.shape_kji == [1, ROWS, COLUMNS]
    uncertain = np.frombuffer(zlib.decompress(blobs.get(saliency.map_digest)), np.uint8).reshape(ROWS, COLUMNS)
    inside = np.zeros_like(truth)
    inside[row + 3 : row + SQUARE - 3, column + 3 : column + SQUARE - 3] = True
    border = truth & ~inside
    assert uncertain[border].mean() > uncertain[inside].mean(), "it is least sure at the border"

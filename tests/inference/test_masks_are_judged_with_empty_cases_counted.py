"""A real evaluation of a small segmentation: what is stored, beside a count from the pixels by another way."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from monai.metrics.hausdorff_distance import compute_hausdorff_distance
from monai.metrics.surface_dice import compute_surface_dice
from scipy import ndimage
from scipy.stats import bootstrap

from annotations.geometry.rasters import runs_to_mask
from core import blobs
from inference.engine.predict import predict
from inference.engine.sample import Image
from inference.jobs.images import model_of
from inference.models import EvaluationReport, ModelVersion
from inference.services.training import training_request
from tests.inference.planted_archive import COLUMNS, ROWS, SQUARE, freeze, make_family, plant_many, planted_pixels

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.models import Project, User

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning"),
]
SHAPE = (ROWS, COLUMNS)
SIDE = SQUARE - 1
CHOSEN = {"image_shape": [32, 48], "epochs": 8, "batch_size": 8, "learning_rate": 0.01, "seed": 1}


def true_mask(square: tuple[int, int] | None) -> np.ndarray[Any, Any]:
    mask = np.zeros(SHAPE, np.bool_)
    if square is not None:
        # Drawn from centre to centre of the outermost pixels: those on its right and lower side lie outside.
        mask[square[0] : square[0] + SIDE, square[1] : square[1] + SIDE] = True
    return mask


def counted_by_hand(pairs: list[tuple[Any, Any]], tolerance: float) -> dict[str, float]:
    """Every figure from the masks of all cases, each by a way of its own."""
    dice, nsd, hd95, missed = [], [], [], 0
    true_lesions = found_lesions = false_lesions = 0
    for painted, true in pairs:
        parts, count = ndimage.label(true, np.ones((3, 3)))
        own, own_count = ndimage.label(painted, np.ones((3, 3)))
        true_lesions += count
        found_lesions += sum(bool(painted[parts == n].any()) for n in range(1, count + 1))
        false_lesions += sum(not true[own == n].any() for n in range(1, own_count + 1))
        if not true.any():
            continue
        dice.append(2.0 * np.logical_and(painted, true).sum() / (painted.sum() + true.sum()))
        missed += not np.logical_and(painted, true).any()
        if not painted.any():
            nsd.append(0.0)
            hd95.append(float(np.hypot(ROWS - 1, COLUMNS - 1)))
            continue
        one, other = (torch.from_numpy(mask)[None, None].float() for mask in (painted, true))
        hd95.append(float(compute_hausdorff_distance(one, other, include_background=True, percentile=95)))
        nsd.append(float(compute_surface_dice(one, other, [tolerance], include_background=True)))
    there = [painted for painted, true in pairs if true.any()]
    healthy = [painted for painted, true in pairs if not true.any()]
    return {
        "with_mask": len(there),
        "missed": missed,
        "dice": float(np.mean(dice)),
        "nsd": float(np.mean(nsd)),
        "hd95": float(np.mean(hd95)),
        "volume_error": float(np.mean([abs(int(p.sum()) - int(t.sum())) for p, t in pairs if t.any()])),
        "sensitivity": float(np.mean([p.any() for p in there])),
        "specificity": float(np.mean([not p.any() for p in healthy])),
        "false_volume": float(np.mean([p.sum() for p in healthy])),
        "lesions": true_lesions,
        "lesion_sensitivity": found_lesions / true_lesions,
        "false_lesions": false_lesions / len(pairs),
    }


def value(figure: Any) -> float:
    return float(figure["value"] if isinstance(figure, dict) else figure)


def test_the_stored_figures_of_a_segmentation_are_those_of_its_pixels(
    project: Project, admin: User, run_jobs: Callable[[], int]
) -> None:
    family = make_family(project, admin, "segmentation")
    planted = plant_many(project, train=24, validation=8, test=30)
    snapshot = freeze(project, planted, question="segmentation")
    run = training_request(family=family, snapshot=snapshot, chosen=CHOSEN, reason="first", requested_by=admin)
    run_jobs()
    report = EvaluationReport.objects.get(version__training_run=run)
    stored = report.report["labels"]["square"]["segmentation"]

    model = model_of(ModelVersion.objects.get(training_run=run))
    pairs, names = [], []
    for one in planted["test"]:
        pixels, square = planted_pixels(one.number, bright=one.square is not None)
        said = predict(model, Image(pixels.astype(np.float32)[None], None, "DX"))
        pairs.append((said.masks_kji["square"][0] > 0, true_mask(square)))
        names.append(f"{one.instance.sop_instance_uid}/1")
    by_hand = counted_by_hand(pairs, stored["tolerance"])
    assert {name: value(stored[name]) for name in by_hand} == pytest.approx(by_hand, rel=1e-5)
    for name, values in {
        "dice": [2 * int((p & t).sum()) / int(p.sum() + t.sum()) for p, t in pairs if t.any()],
        "false_volume": [int(p.sum()) for p, t in pairs if not t.any()],
    }.items():
        if len(set(values)) > 1:  # of equal values the bootstrap knows nothing
            again = bootstrap((values,), np.mean, method="percentile", n_resamples=4000, rng=1).confidence_interval
            width = again.high - again.low
            assert stored[name]["interval"] == pytest.approx((again.low, again.high), abs=0.15 * width), name
    assert (stored["n"], stored["with_mask"], stored["unit"], stored["extent_unit"]) == (30, 15, "px", "px")

    # The masks that were counted are kept, and are those of the pixels.
    outputs = json.loads(zlib.decompress(blobs.get(report.outputs_digest)))
    for name, (painted, true) in zip(names, pairs, strict=True):
        if not painted.any() and not true.any():
            assert name not in outputs["masks"]
            continue
        kept = json.loads(zlib.decompress(blobs.get(outputs["masks"][name])))
        ((_, painted_runs, true_runs),) = kept["labels"]["square"]["slices"]
        assert np.array_equal(runs_to_mask(painted_runs, SHAPE), painted)
        assert np.array_equal(runs_to_mask(true_runs, SHAPE), true)

    # Painting everything, nothing, or where the training squares lay most often, on the same cases.
    trivial = {one["name"]: one for one in stored["trivial"]}
    everything = 2 * SIDE**2 / (SIDE**2 + ROWS * COLUMNS)
    assert trivial["all"]["dice"]["value"] == pytest.approx(everything)
    assert (trivial["all"]["specificity"]["value"], trivial["nothing"]["specificity"]["value"]) == (0.0, 1.0)
    assert trivial["nothing"]["dice"]["value"] == 0.0
    assert trivial["location"]["dice"]["value"] > everything
    assert [one["dice"]["value"] for one in stored["trivial"]] == sorted(
        (one["dice"]["value"] for one in stored["trivial"]), reverse=True
    )

    # The examples: the worst first, then the middle and the best; then healthy ones with the most paint.
    dices = {
        name: 2 * (p & t).sum() / (p.sum() + t.sum()) for name, (p, t) in zip(names, pairs, strict=True) if t.any()
    }
    shown = [one for one in stored["examples"] if one["shown_as"] != "healthy"]
    assert [one["shown_as"] for one in shown] == ["worst"] * 3 + ["median", "best"]
    ranked = sorted(dices.values())
    assert [one["dice"] for one in shown] == pytest.approx([*ranked[:3], ranked[7], ranked[-1]])

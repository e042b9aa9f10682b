"""A real evaluation of a segmentation in three dimensions: what is stored, beside a count from the slices' pixels."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from monai.metrics.hausdorff_distance import compute_hausdorff_distance
from monai.metrics.surface_dice import compute_surface_dice

from annotations.geometry.rasters import mask_to_runs, runs_to_mask
from annotations.models import DatasetSnapshot
from core import blobs
from core.digest import canonical_json, sha256_hex
from inference.engine.config import RecipeConfig
from inference.engine.predict import predict
from inference.engine.sample import Image, Sample
from inference.engine.train import train
from inference.jobs.images import model_of
from inference.models import EvaluationReport
from inference.services.evaluation import evaluation_request
from tests.factories.dicom_files import ct_slice, file_bytes, set_pixels
from tests.imaging.archive import archived
from tests.inference.planted_archive import install, make_family

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.models import Project, User

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning"),
]
SLICES, SIDE, STEP = 6, 24, 3.0
SPACING = (STEP, 0.5, 0.5)
VOXEL_ML = STEP * 0.5 * 0.5 / 1000


def volume(number: int) -> tuple[Any, Any]:
    """Return HU [K, J, I] with a bright block somewhere, and its mask; every third volume has none."""
    lots = np.random.default_rng(number)
    pixels, mask = lots.normal(0, 60, (SLICES, SIDE, SIDE)), np.zeros((SLICES, SIDE, SIDE), np.bool_)
    if number % 3:
        k, j, i = lots.integers(1, 3), *lots.integers(3, 12, 2)
        mask[k : k + 3, j : j + 8, i : i + 9] = True
        pixels[mask] += 700
    return pixels.round().astype(np.int16), mask


def stored(number: int, project: Project, user: User, folder: Path, gap: float) -> list[dict[str, Any]]:
    """Store a volume slice by slice; returns the rows of its slices in a manifest."""
    pixels, mask = volume(number)
    rows = []
    for k in range(SLICES):
        dataset = ct_slice(f"volume-{number}", k + 1, size=SIDE, z_step=STEP)
        dataset.PatientID = f"V{number}"
        set_pixels(dataset, pixels[k] + 1024)
        if k == SLICES - 1:
            dataset.ImagePositionPatient = [-10.0, -12.0, k * STEP + gap]
        path = folder / f"{number}-{k}.dcm"
        path.write_bytes(file_bytes(dataset))
        instance = archived(path, project, user)
        region = {
            "label_key": "square", "revision_digest": "r", "kind": "mask", "provenance": "blind_read", "geometry": None,
            "points_px": None, "mask": {"rows": SIDE, "columns": SIDE, "runs": mask_to_runs(mask[k])},
        }  # fmt: skip
        rows.append(
            {
                "patient_key": f"v{number}", "study_instance_uid": instance.series.study.study_instance_uid,
                "series_instance_uid": instance.series.series_instance_uid,
                "sop_instance_uid": instance.sop_instance_uid, "frame_number": 1, "rows": SIDE, "columns": SIDE,
                "labels": {"square": int(mask[k].any())}, "provenance": "blind_read", "weight": 1.0, "sampling": 1,
                "label_provenance": {"square": "blind_read"}, "label_weights": {"square": 1.0},
                "regions": [region] if mask[k].any() else [], "rejected_regions": [], "groups": {},
                "pixel_digest": instance.pixel_digest,
            }
        )  # fmt: skip
    return rows


def small_model(folder: Path) -> Path:
    """Train a little on volumes of its own; it need not be good."""
    config = RecipeConfig(
        recipe="segmentation", dimensions=3, labels=("square",), image_shape=(32, 32, 32), epochs=5, batch_size=4,
        learning_rate=1e-2, intensity="window", window=(300.0, 1200.0), seed=2,
    )  # fmt: skip

    def sample(number: int) -> Sample:
        pixels, mask = volume(number)
        return Sample(
            f"s{number}", f"s{number}", lambda: Image(pixels.astype(np.float32), SPACING, "CT"),
            {"square": float(mask.any())}, regions={"square": (lambda: mask) if mask.any() else None},
        )  # fmt: skip

    done = train(
        config, training=[sample(n) for n in range(100, 108)], validation=[sample(n) for n in (201, 202)],
        workdir=folder,
    )  # fmt: skip
    return done.folder


def test_the_stored_figures_of_volumes_are_those_of_their_voxels(
    project: Project, admin: User, run_jobs: Callable[[], int], tmp_path: Path
) -> None:
    family = make_family(project, admin, "segmentation")
    version = install(family, small_model(tmp_path / "model"))
    rows = [
        {**row, "split": "test" if number < 7 else "train"}
        for number in range(1, 10)
        # The last test volume has a gap before its last slice: it cannot be measured in millilitres.
        for row in stored(number, project, admin, tmp_path, gap=20.0 if number == 5 else 0.0)
    ]
    manifest = blobs.put(b"".join(canonical_json(row) + b"\n" for row in rows))
    DatasetSnapshot.objects.create(
        project=project, name="volumes", digest=sha256_hex(manifest.encode()), manifest_digest=manifest,
        question="segmentation", label_keys=["square"], counts={"splits": {"test": {"cases": 36}}},
    )  # fmt: skip
    evaluation_request(version=version, requested_by=admin)
    run_jobs()
    report = EvaluationReport.objects.get()
    said = report.report["labels"]["square"]["segmentation"]

    model, pairs = model_of(version), {}
    for number in range(1, 7):
        pixels, mask = volume(number)
        image = Image(pixels.astype(np.float32), SPACING, "CT", even_slices=number != 5)
        pairs[number] = (predict(model, image).masks_kji["square"] > 0, mask)
    sick = {number: pair for number, pair in pairs.items() if pair[1].any()}
    measured = {number: pair for number, pair in sick.items() if number != 5}
    dices = {n: 2 * int((p & t).sum()) / (int(p.sum()) + int(t.sum())) for n, (p, t) in sick.items()}
    assert (said["n"], said["with_mask"], said["other_unit"]) == (6, 4, 1)
    assert (said["unit"], said["extent_unit"]) == ("mm", "ml")
    assert said["dice"]["value"] == pytest.approx(np.mean(list(dices.values())))
    errors = [abs(int(p.sum()) - int(t.sum())) * VOXEL_ML for p, t in measured.values()]
    assert said["volume_error"]["value"] == pytest.approx(np.mean(errors))
    clean = [pair[0] for pair in pairs.values() if not pair[1].any()]
    assert said["specificity"]["value"] == pytest.approx(np.mean([not one.any() for one in clean]))
    assert said["false_volume"]["value"] == pytest.approx(np.mean([one.sum() * VOXEL_ML for one in clean]))
    hd95, nsd = [], []
    for painted, true in measured.values():
        assert painted.any(), "a model that paints nothing would leave nothing to compare"
        one, other = (torch.from_numpy(mask)[None, None].float() for mask in (painted, true))
        hd95.append(
            float(compute_hausdorff_distance(one, other, include_background=True, percentile=95, spacing=SPACING))
        )
        nsd.append(float(compute_surface_dice(one, other, [2.0], include_background=True, spacing=SPACING)))
    assert said["hd95"]["value"] == pytest.approx(np.mean(hd95), rel=1e-5)
    assert said["nsd"]["value"] == pytest.approx(np.mean(nsd), rel=1e-5)
    everything = [2 * t.sum() / (t.sum() + t.size) for _, t in sick.values()]
    assert {one["name"]: one["dice"]["value"] for one in said["trivial"]}["all"] == pytest.approx(np.mean(everything))

    # The slice that is shown is the one on which the two differ most, and its masks are those that were counted.
    outputs = json.loads(zlib.decompress(blobs.get(report.outputs_digest)))
    uids = {row["sop_instance_uid"]: (int(row["patient_key"][1:]), at % SLICES) for at, row in enumerate(rows)}
    for digest in outputs["masks"].values():
        kept = json.loads(zlib.decompress(blobs.get(digest)))
        number, _ = uids[kept["frames"][0][0]]
        painted, true = pairs[number]
        assert [uids[uid] for uid, _ in kept["frames"]] == [(number, k) for k in range(SLICES)]
        for k, own, drawn in kept["labels"]["square"]["slices"]:
            assert np.array_equal(runs_to_mask(own, (SIDE, SIDE)), painted[k])
            assert np.array_equal(runs_to_mask(drawn, (SIDE, SIDE)), true[k])
        wrong = (painted != true).sum(axis=(1, 2))
        assert wrong[kept["labels"]["square"]["shown"]] == wrong.max()

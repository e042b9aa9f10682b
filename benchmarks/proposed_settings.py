"""Dice on cases that nothing learned from: with the preset, and with the settings that are proposed from the cases.

    OVERREAD_TEST_DATA=… OMP_NUM_THREADS=1 python benchmarks/proposed_settings.py heads preset

Fetal heads (HC18, 80 planes of 75 fetuses) or hippocampi (Medical Segmentation Decathlon, 30 volumes): by person, four
sevenths to learn from, a seventh to choose by, two sevenths to be judged on. Figures: decision 0038.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from PIL import Image as Picture

from inference.engine.checkpoint import load_model
from inference.engine.config import RecipeConfig
from inference.engine.fingerprint import FrameRow, Seen, fingerprint_of
from inference.engine.predict import predict
from inference.engine.proposed_settings import proposed_settings, with_values
from inference.engine.sample import Image, Sample
from inference.engine.train import train

DATA: Final = Path(os.environ["OVERREAD_TEST_DATA"]) / "segment"


def _grey(path: Path) -> NDArray[np.float32]:
    return np.asarray(Picture.open(path).convert("L"), np.float32)[None]


def heads() -> list[Sample]:
    """Return the planes; one label, the whole head."""
    folder = DATA / "fetal-head-us"
    with (folder / "labels.csv").open() as lines:
        rows = list(csv.DictReader(lines))

    def image(name: str, size: float) -> Image:
        return Image(_grey(folder / "images" / name), (None, size, size), "US")

    def mask(name: str) -> NDArray[np.bool_]:
        return np.asarray(_grey(folder / "masks" / name) > 127)

    return [
        Sample(
            row["image"], row["subject"], partial(image, row["image"], float(row["pixel_size_mm"])), {"head": 1.0},
            {"head": partial(mask, row["mask"])},
        )
        for row in rows
    ]  # fmt: skip


def hippocampi() -> list[Sample]:
    """Return the volumes; two labels, the front and the back."""
    folder = DATA / "hippocampus-mr"

    def image(path: Path) -> Image:
        read = SimpleITK.ReadImage(str(path))
        columns, rows, slices = read.GetSpacing()
        return Image(SimpleITK.GetArrayFromImage(read).astype(np.float32), (slices, rows, columns), "MR")

    def mask(path: Path, value: int) -> NDArray[np.bool_]:
        return np.asarray(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))) == value)

    return [
        Sample(
            path.name, path.name, partial(image, path), {"front": 1.0, "back": 1.0},
            {"front": partial(mask, folder / "labels" / path.name, 1),
             "back": partial(mask, folder / "labels" / path.name, 2)},
        )
        for path in sorted((folder / "images").glob("*.nii*"))
    ]  # fmt: skip


def splits(samples: list[Sample]) -> tuple[list[Sample], list[Sample], list[Sample]]:
    """Return what is learned from, what is chosen by and what is judged on, by person."""
    people = sorted({one.patient_key for one in samples})
    order = np.random.default_rng(18).permutation(len(people))
    side = {people[index]: place % 7 for place, index in enumerate(order)}
    return tuple([one for one in samples if side[one.patient_key] in sides] for sides in ((0, 1, 2, 3), (4,), (5, 6)))  # type: ignore[return-value]


def judged(folder: Path, samples: list[Sample], labels: tuple[str, ...]) -> dict[str, list[float]]:
    """Return the Dice of every held-out case, by label, on the image's own pixels."""
    model, found = load_model(folder), {label: [] for label in labels}  # type: dict[str, list[float]]
    for sample in samples:
        said = predict(model, sample.load())
        for label in labels:
            load = sample.regions[label]
            assert load is not None
            truth, painted = load(), said.masks_kji[label] > 0
            found[label].append(2 * float((truth & painted).sum()) / max(1, int(truth.sum() + painted.sum())))
    return found


def fingerprint(samples: list[Sample], labels: tuple[str, ...], modality: str) -> dict[str, Any]:
    """Return what the product's job finds in the same cases."""
    rows, seen = [], Seen()
    for sample in samples:
        image = sample.load()
        masks = {label: load() for label in labels if (load := sample.regions[label]) is not None}
        count, height, width = image.shape_kji
        spacing = image.spacing_mm_kji[1:] if image.spacing_mm_kji else None
        for k in range(count):
            marked = {label: int(mask[k].sum()) for label, mask in masks.items()}
            known = {label: int(pixels > 0) for label, pixels in marked.items()}
            rows.append(
                FrameRow(
                    series=sample.sample_id, patient=sample.patient_key, rows=height, columns=width,
                    modality=modality, spacing_mm=spacing, known=known, marked=marked,
                )
            )  # fmt: skip
        if seen.images < (40 if count == 1 else 12):
            seen.look(sample)
    return fingerprint_of(rows, seen, labels)


def main(which: str, *how: str) -> None:
    """Train and judge.

    Args:
        which: heads or hippocampi.
        how: preset or proposed, then settings of one's own as JSON.
    """
    samples = heads() if which == "heads" else hippocampi()
    labels = ("head",) if which == "heads" else ("front", "back")
    learned, chosen_by, held_out = splits(samples)
    config = RecipeConfig.for_preset("segmentation", labels, dimensions=2 if which == "heads" else 3)
    if how[0] == "proposed":
        facts = fingerprint(learned, labels, "US" if which == "heads" else "MR")
        found = proposed_settings(facts, RecipeConfig.for_preset("segmentation", labels), labels)
        for one in found:
            print("  ", one.name, one.value, "instead of", one.preset, "-", one.reason, flush=True)
        config = RecipeConfig.from_json(with_values(config.to_json(), {one.name: one.value for one in found}))
    changes: dict[str, Any] = json.loads(how[1]) if len(how) > 1 else {}
    config = RecipeConfig.from_json({**config.to_json(), **changes, "threads": 1})
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        result = train(config, training=learned, validation=chosen_by, workdir=Path(folder))
        seconds = time.monotonic() - began
        found_dice = judged(result.folder, held_out, labels)
    print(
        f"{which} {' '.join(how)}: {len(learned)} to learn, {len(chosen_by)} to choose by, {len(held_out)} to judge on"
    )
    print(f"   {seconds:.0f} s, best epoch {result.best_epoch}, validation {result.metric:.3f}")
    for label, values in found_dice.items():
        worst = sorted(zip(values, (one.sample_id for one in held_out), strict=True))[:3]
        print(f"   {label}: Dice mean {np.mean(values):.3f}, median {np.median(values):.3f}, worst {worst}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

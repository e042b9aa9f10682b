"""Which kinds of map pass their test, and what does each cost? On the demo's drawn radiographs, whose truth is known.

    .venv/bin/python benchmarks/which_maps.py [--seed 0]

Three versions of the tiny preset (128 × 128, 20 epochs) learn consolidation: from the demo's first answers (some are
wrong, nothing is marked), from right answers, and from right answers with a box in every third positive case. Each is
graded as an evaluation grades it, on the demo's test cases with a consolidation and its box. Printed are the grades,
and the seconds that one map of each kind takes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
os.environ.setdefault("OVERREAD_SPLIT_KEY", "of-this-benchmark")

if TYPE_CHECKING:
    from inference.engine.loaded_model import LoadedModel
    from inference.engine.sample import Sample
    from webapp.demo.cases import Case

LABEL = "opacity"
#: Maps of each kind that are timed.
TIMED = 3


def sample_of(case: Case, *, said: bool, marked: bool) -> Sample:
    """Return a case with an answer, and the box of its consolidation where it is marked."""
    from inference.engine.sample import Image, Sample
    from webapp.demo.cases import draw_visit

    drawn = draw_visit(case)
    image = Image(drawn.pixels_ji.astype(np.float32)[None], None, "DX")
    mask = np.zeros(image.shape_kji, dtype=bool)
    for lesion in drawn.lesions:
        if lesion.kind == LABEL:
            j0, i0, j1, i1 = lesion.box_jiji
            mask[0, j0 : j1 + 1, i0 : i1 + 1] = True
    regions = {LABEL: (lambda: mask) if marked and mask.any() else None}
    return Sample(case.name, case.patient_id, lambda: image, {LABEL: float(said)}, regions=regions)


def trained(training: Sequence[Sample], validation: Sequence[Sample], seed: int) -> LoadedModel:
    """Train by the tiny preset, and load."""
    from inference.engine.checkpoint import load_model
    from inference.engine.config import RecipeConfig
    from inference.engine.train import train

    config = RecipeConfig.for_preset("classification", (LABEL,), seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        return load_model(train(config, training=training, validation=validation, workdir=Path(folder)).folder)


def graded(title: str, model: LoadedModel, test: Sequence[Sample], training: Sequence[Sample]) -> None:
    """Print the grades of a version's maps."""
    from inference.engine.map_tournament import Tournament
    from inference.engine.trivial import Prior

    loaders = [load for one in training if (load := one.regions.get(LABEL))]
    prior = Prior.of((load() for load in loaders), 0, flat=True)
    began = time.monotonic()
    grades, _ = Tournament(model, LABEL, named="consolidation", prior=prior, ask=lambda _: None).run(test)
    print(f"\n{title}: {grades.sentence} ({time.monotonic() - began:.0f} s)")
    print(
        "  " + "; ".join(f"{one.words} {one.hits} of {one.cases}" for one in grades.fixed), f"; even {grades.even:.3f}"
    )
    for one in grades.grades:
        low, high = one.hit_rate.interval or (0, 0)
        print(
            f"  {one.method:22} {one.hits:3}/{one.cases:<3} {low:.2f}-{high:.2f} fixed {one.fixed_hits:2} energy "
            f"{one.energy:.2f} outside {said(one.outside)}/{said(one.outside_area)} twin {said(one.twin_likeness)} "
            f"{one.twin_hits}/{one.twin_cases} again {said(one.repeat)} deletion {said(one.deletion)}/"
            f"{said(one.random_deletion)} insertion {said(one.insertion)}/{said(one.random_insertion)} "
            f"{'PASSED' if one.passed else one.why[:60]}"
        )


def said(value: float | None) -> str:
    """Return a figure, or a dash."""
    return "-" if value is None else f"{value:.2f}"


def timed(model: LoadedModel, test: Sequence[Sample]) -> None:
    """Print what one map of each kind costs."""
    from inference.engine.recipe_cards import recipe_card
    from inference.engine.saliency import explain

    print("\nseconds for one map, image read and map on its grid:")
    for method in recipe_card("classification").explanations:
        if method.depth == 0:
            began = time.monotonic()
            for one in test[:TIMED]:
                explain(model, one.load(), LABEL, method.name)
            print(f"  {method.name:22} {(time.monotonic() - began) / TIMED:.3f}")


def main() -> None:
    """Draw, train, grade, print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seed", type=int, default=0)
    chosen = asked.parse_args()
    import django

    django.setup()
    import torch

    from webapp.demo.cases import all_cases

    torch.set_num_threads(1)
    taught = {split: [one for one in all_cases() if one.use == "taught" and one.split == split]
              for split in ("train", "validation", "test")}  # fmt: skip
    test = [sample_of(one, said=LABEL in one.lesions, marked=True) for one in taught["test"]]
    for title in ("first answers", "right answers", "right answers, every third marked"):
        learned = [
            [
                sample_of(
                    one,
                    said=one.said if title == "first answers" else LABEL in one.lesions,
                    marked=title.endswith("marked") and number % 3 == 0,
                )
                for number, one in enumerate(taught[split])
            ]
            for split in ("train", "validation")
        ]
        model = trained(*learned, seed=chosen.seed)
        graded(title, model, test, learned[0])
    timed(model, test)


if __name__ == "__main__":
    main()

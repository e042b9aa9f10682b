"""Where does a model of real chest X-rays look? What the gate says of one that ranks well.

    OVERREAD_TEST_DATA=… .venv/bin/python benchmarks/where_it_looks.py [--seed 0] [--epochs 12]

Learns pneumonia by the tiny preset from films of NIH ChestX-ray14 (image labels only), and again with the experts'
boxes of every second boxed patient. The test holds all patients with a box (or the other half of them), and 60 others.
Printed are the figures, the gate's rows, and how often the best maps' strongest place lies in the box.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
os.environ.setdefault("OVERREAD_SPLIT_KEY", "of-this-benchmark")

if TYPE_CHECKING:
    from inference.engine.sample import Sample

LABEL = "pneumonia"
#: Test patients without a box, of either state.
OTHERS = 60


def films(folder: Path, *, marked: bool = True) -> dict[str, list[Sample]]:
    """Return the samples of each patient."""
    from PIL import Image as Pictures

    from inference.engine.sample import Image, Sample

    boxes: dict[str, list[tuple[int, int, int, int]]] = {}
    for row in csv.DictReader((folder / "boxes.csv").open()):
        if row["finding"].lower() == LABEL:
            x, y, w, h = (float(row[name]) for name in ("x", "y", "w", "h"))
            boxes.setdefault(row["image"], []).append((int(y), int(y + h) + 1, int(x), int(x + w) + 1))
    found: dict[str, list[Sample]] = {}
    for row in csv.DictReader((folder / "labels.csv").open()):
        path, there = folder / "images" / row["image"], float(row["label_pneumonia"])

        def load(path: Path = path) -> Image:
            return Image(np.asarray(Pictures.open(path).convert("L"), np.float32)[None], None, "DX")

        def mask(own: tuple[tuple[int, int, int, int], ...] = tuple(boxes.get(row["image"], ()))) -> np.ndarray:
            drawn = np.zeros((1, 256, 256), np.bool_)
            for top, bottom, left, right in own:
                drawn[0, top:bottom, left:right] = True
            return drawn

        regions = {LABEL: mask} if marked and there and row["image"] in boxes else {}
        found.setdefault(row["patient_id"], []).append(
            Sample(path.stem, row["patient_id"], load, {LABEL: there}, regions=regions,
                   groups={"view": row["view"], "sex": row["sex"]})
        )  # fmt: skip
    return found


def judged(
    title: str, training: list[Sample], validation: list[Sample], test: list[Sample], chosen: argparse.Namespace
) -> None:
    """Train, ask, and print what the gate would say."""
    from inference.engine.checkpoint import load_model
    from inference.engine.config import RecipeConfig
    from inference.engine.fixed_places import fixed_hits, fixed_places
    from inference.engine.gate_plan import DECLARED_NOW, GatePlan
    from inference.engine.gaze.asking import Gaze
    from inference.engine.gaze.criteria import gaze_criteria
    from inference.engine.gaze.figures import gaze_figures
    from inference.engine.map_marks import is_in, peak_of
    from inference.engine.question import Question
    from inference.engine.saliency import explain
    from inference.engine.train import train
    from inference.engine.trivial import Prior

    config = RecipeConfig.for_preset("classification", (LABEL,), seed=chosen.seed, epochs=chosen.epochs)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        model = load_model(train(config, training=training, validation=validation, workdir=Path(folder)).folder)
    trained, began = time.monotonic() - began, time.monotonic()
    cases = Gaze(model, lambda _: None).run(test)
    asked = time.monotonic() - began
    figures = gaze_figures(cases, LABEL, named=LABEL, turned=np.full(len(cases), np.nan))
    assert figures is not None
    print(f"\n{title}: learned from {len(training)} films in {trained:.0f} s; {len(test)} test films, {asked:.1f} s")
    print(f"  AUC {figures.auc.value:.3f} {figures.auc.interval}; gap {figures.gap}")
    for one in (figures.grounding, figures.swapped, figures.oftener, figures.outside):
        print("  ", one)
    for region in figures.regions:
        print(f"   {region.words}: alone {said(region.alone)}, without {said(region.without)}, cases {region.cases}")
    for group in figures.balanced:
        print(f"   {group.words}: {said(group.auc)} over {group.pairs} pairs")
    for sentence in figures.sentences:
        print("  ", sentence)
    for one in gaze_criteria(cases, None, [LABEL], GatePlan.from_json(DECLARED_NOW), {}):
        print(f"   {one.id} ({one.role}) {one.passed}: {one.sentence}")
    marked = [(one, mask()) for one in test if (mask := one.regions.get(LABEL))]
    prior = Prior.of([mask for _, mask in marked], 0, flat=True)
    asked_of = [fixed_places(Question.of(model, one.load(), LABEL, 0), prior) for one, _ in marked]
    fixed = sum(fixed_hits(at, mask[0])["location"] for at, (_, mask) in zip(asked_of, marked, strict=True))
    for method in ("hirescam", "occlusion"):
        maps = [explain(model, one.load(), LABEL, method).map_kji[0] for one, _ in marked]
        hits = sum(is_in(peak_of(drawn), mask[0]) for drawn, (_, mask) in zip(maps, marked, strict=True))
        print(f"   {method}: in the box {hits} of {len(marked)}; where boxes lie most, {fixed}")


def said(figure: object) -> str:
    """Return a figure with its interval, or a dash."""
    if figure is None:
        return "-"
    low, high = figure.interval or (float("nan"), float("nan"))  # type: ignore[attr-defined]
    return f"{figure.value:.3f} ({low:.3f}-{high:.3f})"  # type: ignore[attr-defined]


def main() -> None:
    """Read, split by patient, train, ask, print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--epochs", type=int, default=12)
    chosen = asked.parse_args()
    import torch

    torch.set_num_threads(1)
    folder = Path(os.environ["OVERREAD_TEST_DATA"]) / "classify" / "cxr-pneumonia"
    patients = films(folder)
    boxed = sorted(name for name, own in patients.items() if any(one.regions for one in own))
    rest = sorted(set(patients) - set(boxed))
    drawn = [rest[place] for place in np.random.default_rng(chosen.seed).permutation(len(rest))]
    tested, others = drawn[:OTHERS], drawn[OTHERS:]
    validated, taught = others[: len(others) // 6], others[len(others) // 6 :]

    def of(names: list[str]) -> list[Sample]:
        return [one for name in names for one in patients[name]]

    judged("image labels only", of(taught), of(validated), of(tested + boxed), chosen)
    judged(
        "with boxes of half the boxed patients",
        of(taught + boxed[::2]),
        of(validated),
        of(tested + boxed[1::2]),
        chosen,
    )


if __name__ == "__main__":
    main()

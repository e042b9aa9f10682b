"""What do weights of each label, and rejected places, gain? Several seeds, on drawn images whose truth is known.

    .venv/bin/python benchmarks/weights_and_places.py [--seeds 5] [--epochs 16] [--only weights|places|clips|few|masks]

**Weights.** The demo's radiographs; consolidation and nodule are learned together. Half of the training answers about
consolidation are nods by habit (weight 0.2) and seven in ten of those are wrong; all answers about nodules are a
consensus (1.5). Trained once with the weight of each label, once with the mean of the two for the whole image.

**Places.** The demo's first readings, with a box in every third of those that say "consolidation"; the hasty reader's
lie on nodules. The first model's outlines on the training cases are judged as the demo's reviewer does: an outline
whose middle lies in a planted consolidation is accepted, the others are rejected. Then all answers are right, and a
model is trained with the accepted places, and another one with the rejected places as well.

**Clips.** Faint findings of which three in ten are outlined (``few``: three in twenty); nine in ten of the others have
a bright clip elsewhere (``tests/inference/engine/clips.py``). An earlier version outlined each clip beside a finding.
The reviewer says: right answer, wrong place, and draws nothing. Trained with the settings of the tiny preset on 64 × 64
pixels, 160 cases to learn from and 80 to validate by, once without and once with the rejected places. Of 80 test cases
with a finding and a clip beside it is counted on how many either is outlined. **Fails** where rejected places cost more
than a tenth of the findings, or leave more than a fifth of the clips.

**Masks.** The same images for a segmentation: outlined findings as masks, every eighth image without a finding, and
with the rejected places those images as well; as many steps with and without (about 80 passes over 90 images). Of 160
test images half have a finding and half of all a clip: Dice of findings alone, and of findings beside a clip (pixels of
the clip left out); share of clips of which any pixel is painted. **Fails** as above, by the Dice beside a clip.

Printed are the means over the seeds and the mean difference with its 95 % interval (Student, seeds as pairs), on test
cases: ROC AUC; how often the peak of a map lies in the planted lesion; and of the proposed outlines, the share whose
middle does.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
os.environ.setdefault("OVERREAD_SPLIT_KEY", "of-this-benchmark")

if TYPE_CHECKING:
    from inference.engine.loaded_model import LoadedModel
    from inference.engine.sample import Image, Sample
    from webapp.demo.cases import Case
    from webapp.demo.phantoms import Lesion, Radiograph

Figures = dict[str, float]
OPACITY, NODULE = "opacity", "nodule"
#: Share of what is outlined without rejected places that still is with them: findings at least, clips at most.
KEPT, LEFT = 0.9, 0.2


class Drawn:
    """A case of the demo with its picture."""

    def __init__(self, case: Case) -> None:
        from inference.engine.sample import Image
        from webapp.demo.cases import draw_case

        self.case = case
        self.radiograph: Radiograph = draw_case(case)
        self.image: Image = Image(self.radiograph.pixels_ji.astype(np.float32)[None], None, "DX")

    def lesions(self, kind: str) -> list[Lesion]:
        """Return the planted lesions of a kind."""
        return [one for one in self.radiograph.lesions if one.kind == kind]

    def box(self, kind: str) -> Any:
        """Return mask_kji of the boxes around the lesions of a kind."""
        mask = np.zeros(self.image.shape_kji, dtype=bool)
        for lesion in self.lesions(kind):
            j0, i0, j1, i1 = lesion.box_jiji
            mask[0, j0 : j1 + 1, i0 : i1 + 1] = True
        return mask

    def sample(self, present: dict[str, float], **more: Any) -> Sample:
        """Return the case with what is said of it."""
        from inference.engine.sample import Sample

        return Sample(self.case.name, self.case.patient_id, lambda: self.image, present, **more)


def trained(config: Any, samples: dict[str, list[Sample]]) -> LoadedModel:
    """Train and load."""
    from inference.engine.checkpoint import load_model
    from inference.engine.train import train

    with tempfile.TemporaryDirectory() as folder:
        done = train(config, training=samples["train"], validation=samples["validation"], workdir=Path(folder))
        return load_model(done.folder)


def settings(labels: tuple[str, ...], seed: int, epochs: int) -> Any:
    """Return the tiny preset, smaller and shorter."""
    from inference.engine.config import RecipeConfig

    return RecipeConfig.for_preset("classification", labels, image_shape=(96, 96), epochs=epochs, seed=seed)


def auc(model: LoadedModel, test: Sequence[Drawn], label: str) -> float:
    """Return the AUC of a label on the test cases."""
    from inference.engine.predict import predict
    from inference.engine.statistics import auc_of

    scores = [predict(model, one.image).labels[label].probability for one in test]
    return float(auc_of(np.array(scores), np.array([float(bool(one.lesions(label))) for one in test])) or 0.0)


def with_weights(drawn: dict[str, list[Drawn]], seed: int, epochs: int) -> dict[str, Figures]:
    """Return the AUCs by how the weights reach the loss."""
    lots = np.random.default_rng(seed)
    result: dict[str, Figures] = {}
    said: dict[str, list[tuple[Drawn, float, float]]] = {"train": [], "validation": []}
    for split, group in said.items():
        for one in drawn[split]:
            truth, nod = float(bool(one.lesions(OPACITY))), split == "train" and lots.random() < 0.5
            wrong = nod and lots.random() < 0.7
            group.append((one, 1 - truth if wrong else truth, 0.2 if nod else 1.5))
    for name in ("one weight for the image", "each label its own"):
        samples = {}
        for split, group in said.items():
            samples[split] = [
                one.sample(
                    {OPACITY: answer, NODULE: float(bool(one.lesions(NODULE)))},
                    weights={OPACITY: weight, NODULE: 1.5}
                    if name == "each label its own"
                    else dict.fromkeys((OPACITY, NODULE), (weight + 1.5) / 2),
                )
                for one, answer, weight in group
            ]
        model = trained(settings((OPACITY, NODULE), seed, epochs), samples)
        result[name] = {f"AUC {label}": auc(model, drawn["test"], label) for label in (OPACITY, NODULE)}
    return result


def middle_lies_in(box: tuple[float, float, float, float], mask: Any) -> bool:
    """Say whether the middle of (left, top, right, bottom) lies in mask_kji."""
    left, top, right, bottom = box
    return bool(mask[0, round((top + bottom) / 2), round((left + right) / 2)])


def places_of(model: LoadedModel, test: Sequence[Drawn]) -> Figures:
    """Return how good the maps and outlines of consolidation are on the test cases."""
    from inference.engine.predict import predict
    from inference.engine.saliency import explain

    hits: dict[str, list[bool]] = defaultdict(list)
    right = proposed = found = 0
    positive = [one for one in test if one.lesions(OPACITY)]
    for one in test:
        outlines = [middle_lies_in(region.box, one.box(OPACITY)) for region in predict(model, one.image).regions]
        right, proposed, found = right + sum(outlines), proposed + len(outlines), found + any(outlines)
    for one in positive:
        for method in ("location", "hirescam"):
            values = explain(model, one.image, OPACITY, method).map_kji
            hits[method].append(bool(one.box(OPACITY)[np.unravel_index(values.argmax(), values.shape)]))
    return {
        "AUC": auc(model, test, OPACITY),
        "peak of location": float(np.mean(hits["location"])),
        "peak of HiResCAM": float(np.mean(hits["hirescam"])),
        "outlines": float(proposed),
        "outlines on a lesion": right / proposed if proposed else float("nan"),
        "lesions outlined": found / len(positive),
    }


def with_places(drawn: dict[str, list[Drawn]], seed: int, epochs: int) -> dict[str, Figures]:
    """Return the figures of the first model, and of those trained without and with the rejected places."""
    from inference.engine.predict import predict

    first: dict[str, list[Sample]] = {}
    for split in ("train", "validation"):
        first[split] = []
        for number, one in enumerate(drawn[split]):
            kind = NODULE if one.case.is_wrong else OPACITY
            boxed = one.case.said and number % 3 == 0 and one.lesions(kind)
            regions = {OPACITY: (lambda one=one, kind=kind: one.box(kind))} if boxed else {}
            first[split].append(one.sample({OPACITY: float(one.case.said)}, regions=regions))
    config = settings((OPACITY,), seed, epochs)
    model = trained(config, first)
    result = {"first": places_of(model, drawn["test"])}
    rejected_in = 0
    again: dict[str, dict[str, list[Sample]]] = {"accepted places": {}, "and rejected ones": {}}
    for split in ("train", "validation"):
        again["accepted places"][split], again["and rejected ones"][split] = [], []
        for one, before in zip(drawn[split], first[split], strict=True):
            mine, right, wrong = one.box(OPACITY), np.zeros_like(one.box(OPACITY)), np.zeros_like(one.box(OPACITY))
            if before.regions and not one.case.is_wrong:
                right |= mine
            for region in predict(model, one.image).regions:
                left, top, far, low = (round(value) for value in region.box)
                (right if middle_lies_in(region.box, mine) else wrong)[
                    0, max(0, top) : low + 1, max(0, left) : far + 1
                ] = 1
            regions = {OPACITY: (lambda right=right: right)} if right.any() and one.case.truth else {}
            rejected = {OPACITY: (lambda wrong=wrong: wrong)} if wrong.any() else {}
            rejected_in += bool(rejected)
            said = {OPACITY: float(one.case.truth)}
            again["accepted places"][split].append(one.sample(said, regions=regions))
            again["and rejected ones"][split].append(
                one.sample(said, regions=regions, rejected=rejected, rejected_draws=2.0)
            )
    for name, samples in again.items():
        result[name] = places_of(trained(config, samples), drawn["test"])
    result["and rejected ones"]["images with rejected places"] = float(rejected_in)
    return result


def with_clips(seed: int, located: float) -> dict[str, Figures]:
    """Return on how many test cases the finding, and the clip beside it, is outlined, as places are taught."""
    from inference.engine.config import RecipeConfig
    from inference.engine.predict import predict
    from inference.engine.statistics import auc_of
    from tests.inference.engine.clips import outlined, to_learn_from, to_test_on

    taught, validation = to_learn_from(seed, located=located)
    unseen = to_test_on(seed)
    config = RecipeConfig.for_preset(
        "classification", ("finding",), image_shape=(64, 64), seed=seed + 100,
        intensity="window", window=(500.0, 2000.0),
    )  # fmt: skip
    result = {}
    for name, rejects in (("without", False), ("rejected places", True)):
        samples = {
            split: [case.reviewed if rejects else case.sample for case in group]
            for split, group in (("train", taught), ("validation", validation))
        }
        model = trained(config, samples)
        findings, clips = outlined(model, unseen)
        scores = [predict(model, case.sample.load()).labels["finding"].probability for case in unseen]
        truth = np.array([float(case.finding is not None) for case in unseen])
        result[name] = {
            "findings outlined": float(findings),
            "clips outlined": float(clips),
            "AUC": float(auc_of(np.array(scores), truth) or 0.0),
            "images with a marked place": float(sum(bool(one.regions) for one in samples["train"])),
            "images with a rejected place": float(sum(bool(one.rejected) for one in samples["train"])),
        }
    return result


def with_masks(seed: int) -> dict[str, Figures]:
    """Return how well a segmentation paints findings, and how often clips, as rejected places are taught."""
    from inference.engine.config import RecipeConfig
    from inference.engine.predict import predict
    from tests.inference.engine.clips import ClipCase, clip_cases, to_learn_from

    taught, validation = to_learn_from(seed)
    unseen = clip_cases(160, 200 + seed, key="v", located=0.0, with_finding=0.5, without=0.5)

    def said(group: list[ClipCase], rejects: bool) -> list[Sample]:
        samples = [case.reviewed if rejects else case.sample for case in group]
        absent = [one.sample_id for one in samples if one.present["finding"] == 0][::8]
        return [one for one in samples if one.rejected or one.regions or one.sample_id in absent]

    result = {}
    for name, rejects in (("without", False), ("rejected places", True)):
        samples = {"train": said(taught, rejects), "validation": said(validation, rejects)}
        config = RecipeConfig.for_preset(
            "segmentation", ("finding",), image_shape=(64, 64), seed=seed + 100,
            epochs=round(80 * 90 / len(samples["train"])), intensity="window", window=(500.0, 2000.0),
        )  # fmt: skip
        model = trained(config, samples)
        figures: dict[str, list[float]] = defaultdict(list)
        for case in unseen:
            painted = predict(model, case.sample.load()).masks_kji["finding"].astype(bool)
            if case.clip is not None:
                figures["clips painted"].append(float((painted & case.clip).any()))
                painted = painted & ~case.clip
            if case.finding is not None:
                dice = 2 * (painted & case.finding).sum() / (painted.sum() + case.finding.sum())
                figures["Dice alone" if case.clip is None else "Dice beside a clip"].append(float(dice))
        result[name] = {figure: float(np.mean(values)) for figure, values in figures.items()}
        result[name]["images with a rejected place"] = float(sum(bool(one.rejected) for one in samples["train"]))
    return result


def harm_of(results: list[dict[str, Figures]]) -> str:
    """Say what is wrong with what rejected places did to the outlines; nothing where all is well."""
    masks = "Dice alone" in results[0]["without"]
    findings, clips = (
        sum(one["rejected places"][what] for one in results) / max(1e-6, sum(one["without"][what] for one in results))
        for what in (("Dice beside a clip", "clips painted") if masks else ("findings outlined", "clips outlined"))
    )
    kept = f"{findings:.0%} of the {'Dice beside a clip is kept' if masks else 'findings are still outlined'}"
    left = f"{1 - clips:.0%} fewer clips"
    print(f"  {kept}, {left}")
    return "" if findings >= KEPT and clips <= LEFT else f"{kept}, {left}"


def told(title: str, results: list[dict[str, Figures]]) -> None:
    """Print means, and the difference of the last two with its interval."""
    from scipy import stats

    names = list(results[0])
    print(f"\n{title}, {len(results)} seeds")
    for figure in results[0][names[-1]]:
        rows = {name: np.array([one[name].get(figure, np.nan) for one in results]) for name in names}
        change = rows[names[-1]] - rows[names[-2]]
        half = (
            stats.t.ppf(0.975, len(change) - 1) * change.std(ddof=1) / len(change) ** 0.5 if len(change) > 1 else np.nan
        )
        means = "  ".join(f"{name}: {np.nanmean(values):.3f}" for name, values in rows.items())
        low, high = change.mean() - half, change.mean() + half
        print(f"  {figure:28} {means}  change {change.mean():+.3f} ({low:+.3f} … {high:+.3f})")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--only", choices=("weights", "places", "clips", "few", "masks"))
    asked = parser.parse_args()

    import django

    django.setup()
    from webapp.demo.cases import all_cases

    drawn: dict[str, list[Drawn]] = defaultdict(list)
    for case in all_cases() if asked.only in (None, "weights", "places") else ():
        if case.use == "taught":
            drawn[case.split].append(Drawn(case))
    print({split: len(group) for split, group in drawn.items()})
    parts: dict[str, Callable[[dict[str, list[Drawn]], int, int], dict[str, Figures]]] = {
        "weights": with_weights,
        "places": with_places,
        "clips": lambda _drawn, seed, _epochs: with_clips(seed, 0.3),
        "few": lambda _drawn, seed, _epochs: with_clips(seed, 0.15),
        "masks": lambda _drawn, seed, _epochs: with_masks(seed),
    }
    harm = []
    for name, measure in parts.items():
        if asked.only in (None, name):
            results = []
            for seed in range(asked.seeds):
                results.append(measure(drawn, seed, asked.epochs))
                print(name, seed, results[-1], flush=True)
            told(name, results)
            if "rejected places" in results[0]:
                harm.append(harm_of(results))
    if any(harm):
        sys.exit("Rejected places do harm: " + "; ".join(one for one in harm if one))


if __name__ == "__main__":
    main()

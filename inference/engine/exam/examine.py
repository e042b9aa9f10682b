"""The questions of the exam, one after the other. Run as a program, so that it ends what it began:

``python -m inference.engine.exam.examine NAME FOLDER`` prints one JSON line an answer.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from core.errors import OverreadError
from inference.engine.checkpoint import load_model
from inference.engine.config import RecipeConfig
from inference.engine.errors import DataError, TrainingStopped
from inference.engine.exam.drawn import LABEL, drawn_cases, truth_of
from inference.engine.exam.guard import Guard
from inference.engine.gradings.registry import GRADINGS
from inference.engine.loaded_model import LoadedModel
from inference.engine.methods import Method
from inference.engine.predict import predict
from inference.engine.recipe_card import RecipeCard
from inference.engine.recipe_cards import recipe_card
from inference.engine.recipes.registry import recipe_named
from inference.engine.saliency import explain
from inference.engine.sample import Sample
from inference.engine.train import TrainResult, train

_SECONDS: Final = 180.0
_STOPS_WITHIN: Final = 10.0


@dataclass(frozen=True)
class Answer:
    """One answer of the exam.

    Args:
        question: a sentence that should hold.
        passed: whether it does.
        measured: what was found, in words.
        seconds: that it took.
    """

    question: str
    passed: bool
    measured: str
    seconds: float


Ask = tuple[str, Callable[[], tuple[bool, str]]]


def examine(name: str, folder: Path) -> Iterator[Answer]:
    """Examine a recipe, every number of dimensions that it has.

    Args:
        name: of the recipe.
        folder: empty; the trainings are written here, and nothing may be written elsewhere.

    Yields:
        The answers, each when it is known. A question that ends in an error is one that does not hold.
    """
    started = time.monotonic()
    card = recipe_card(name)
    recipe_named(name)
    guard = Guard(folder)
    for dimensions in card.dimensions:
        for question, ask in _questions(card, dimensions, folder / str(dimensions)):
            began = time.monotonic()
            try:
                passed, measured = ask()
            except Exception as error:  # whatever a recipe raises is its answer
                said = error.message if isinstance(error, OverreadError) else str(error)
                passed, measured = False, f"{type(error).__name__}: {said}"
            word = f"{dimensions}D: " if len(card.dimensions) > 1 else ""
            yield Answer(f"{word}{question}", passed, measured, round(time.monotonic() - began, 1))
    yield Answer(
        "It uses no network, starts no program and writes in its folder only",
        not guard.seen,
        "; ".join(guard.seen) or "nothing else was seen",
        0.0,
    )
    whole = time.monotonic() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Answer(
        f"The exam takes less than {_SECONDS:.0f} s on a CPU",
        whole < _SECONDS,
        f"{whole:.0f} s, at most {memory:.0f} MiB of memory",
        round(whole, 1),
    )


def _questions(card: RecipeCard, dimensions: int, folder: Path) -> Iterator[Ask]:
    config, grading = _config(card, dimensions), GRADINGS[card.graded]
    learned: list[TrainResult] = []

    def presets() -> tuple[bool, str]:
        configs = [
            RecipeConfig.for_preset(card.name, (LABEL,), preset=preset, dimensions=number)
            for preset, number in card.presets
        ]
        again = all(RecipeConfig.from_json(one.to_json()) == one for one in configs)
        return again and len(configs) > 0, f"{len(configs)} presets"

    def by_heart() -> tuple[bool, str]:
        learned.append(_trained(config, folder / "by-heart"))
        metric = learned[0].metric
        return metric is not None and metric >= grading.known_by_heart, f"{learned[0].metric_name} {metric}"

    def place() -> tuple[bool, str]:
        return _places(load_model(learned[0].folder), card, drawn_cases(card, dimensions))

    def explained(method: Method) -> Callable[[], tuple[bool, str]]:
        return lambda: _explained(load_model(learned[0].folder), drawn_cases(card, dimensions)[0], method)

    short = config.model_copy(update={"epochs": 2})
    twice: list[str] = []

    def repeats() -> tuple[bool, str]:
        twice.extend(_trained(short, folder / f"again-{number}").weights_digest for number in range(2))
        return twice[0] == twice[1], " and ".join(digest[:12] for digest in twice)

    def resumes() -> tuple[bool, str]:
        seconds = _stopped_after_one_epoch(short, folder / "stopped")
        digest = _trained(short, folder / "stopped", resume=True).weights_digest
        return (
            digest == twice[0] and seconds < _STOPS_WITHIN,
            f"stopped after {seconds:.1f} s, then {digest[:12]}",
        )

    def half_known() -> tuple[bool, str]:
        cases = drawn_cases(card, dimensions)
        unknown = replace(cases[1], present={LABEL: None}, rejected={LABEL: _seen(cases[1])})
        result = _trained(short, folder / "half-known", training=[*cases[:1], unknown, *cases[2:]])
        return result.steps > 0, "the loss stayed a number"

    yield "Its presets are settings that it takes", presets
    yield "It learns four cases by heart", by_heart
    yield "It says where, on the image's own pixels", place
    for method in card.explanations:
        yield f"{method.label} is a map on the image's own pixels", explained(method)
    yield "The same seed gives the same weights", repeats
    yield "Stopped and resumed it gives the same weights", resumes
    yield "A label that is not known and a rejected place do it no harm", half_known


def _config(card: RecipeCard, dimensions: int) -> RecipeConfig:
    shape = (64, 64) if dimensions == 2 else (32, 48, 48)
    epochs = GRADINGS[card.graded].by_heart
    return RecipeConfig.for_preset(
        card.name, (LABEL,), dimensions=dimensions, image_shape=shape, epochs=epochs, batch_size=4, seed=1
    )


def _trained(
    config: RecipeConfig, workdir: Path, *, training: list[Sample] | None = None, resume: bool = False
) -> TrainResult:
    card = recipe_card(config.recipe)
    return train(
        config,
        training=training or drawn_cases(card, config.dimensions),
        validation=drawn_cases(card, config.dimensions, patients="b"),
        workdir=workdir,
        resume=resume,
    )


def _stopped_after_one_epoch(config: RecipeConfig, workdir: Path) -> float:
    """Ask a training to stop once its first epoch is kept; returns the seconds until it did."""
    asked: list[float] = []

    def should_stop() -> bool:
        if not asked and any((workdir / "checkpoints").glob("epoch-*.safetensors")):
            asked.append(time.monotonic())
        return bool(asked)

    card = recipe_card(config.recipe)
    cases = drawn_cases(card, config.dimensions)
    try:
        train(
            config, training=cases, validation=drawn_cases(card, config.dimensions, patients="b"), workdir=workdir,
            should_stop=should_stop,
        )  # fmt: skip
    except TrainingStopped:
        return time.monotonic() - asked[0]
    raise DataError("never_stopped", "The training went on to its end.")


def _places(model: LoadedModel, card: RecipeCard, cases: list[Sample]) -> tuple[bool, str]:
    """Compare what it says of the cases that it knows by heart with their pixels."""
    found: list[float] = []
    for sample in cases:
        truth, image = truth_of(sample), sample.load()
        if truth is None:
            continue
        lies = GRADINGS[card.graded].lie(predict(model, image), LABEL, truth, image)
        found += [] if lies is None else [lies]
    measure, least = GRADINGS[card.graded].lies
    if not found:
        return True, "it outlines no places"
    return min(found) >= least, f"{measure}: {min(found):.2f} at least, of {len(found)}"


def _explained(model: LoadedModel, sample: Sample, method: Method) -> tuple[bool, str]:
    image = sample.load()
    values = explain(model, image, LABEL, method.name).map_kji
    fits = values.shape == image.shape_kji and bool(np.isfinite(values).all())
    within = bool(fits and values.min() >= 0 and values.max() <= 1)
    return within, f"{' × '.join(map(str, values.shape))}, from {values.min():.2f} to {values.max():.2f}"


def _seen(sample: Sample) -> Callable[[], np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
    corner = np.zeros(sample.load().shape_kji, dtype=bool)
    corner[:, :6, :6] = True
    return lambda: corner


def main() -> int:
    """Examine the recipe that the command line names; returns 1 where something does not hold."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = os.environ["TORCHINDUCTOR_CACHE_DIR"] = tempfile.tempdir = str(folder)
    failed = 0
    for answer in examine(name, folder):
        print(json.dumps(asdict(answer)), flush=True)
        failed += not answer.passed
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

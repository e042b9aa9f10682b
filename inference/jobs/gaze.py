"""The part of an evaluation that asks where a version looks, on pictures of the locked test with replaced regions."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image as Pictures

from inference.engine.gaze.asking import Gaze
from inference.engine.gaze.examples import telling_cases
from inference.engine.gaze.figures import gaze_figures
from inference.engine.gaze_report import PICTURE_WORDS, GazeExample, GazeFigures, GazePicture
from inference.engine.recipe_cards import recipe_card

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.jobs import JobContext
    from inference.engine.gaze.case import GazeCase
    from inference.engine.loaded_model import LoadedModel
    from inference.engine.map_report import MapGrades
    from inference.engine.sample import Sample

Json = dict[str, Any]
#: Longer side of a small picture that is kept with a report.
_SIDE: Final = 160


@dataclass(frozen=True)
class Looked:
    """Where a version and the live one look.

    Args:
        challenger: answers of the version; empty where its recipe is not asked.
        champion: of the live one; None without one.
        figures: label → figures of the version.
        outputs: all that was said, and the telling cases, for the outputs.
    """

    challenger: list[GazeCase] = field(default_factory=list)
    champion: list[GazeCase] | None = None
    figures: Mapping[str, GazeFigures] = field(default_factory=dict)
    outputs: Json = field(default_factory=dict)


def is_asked(model: LoadedModel) -> bool:
    """Say whether a recipe is asked where it looks: it says labels of single pictures that fit into one shape."""
    card = recipe_card(model.config.recipe)
    return card.graded == "labels" and card.reads == "flat_images" and card.fit == "letterbox"


def where_it_looks(
    context: JobContext,
    models: Sequence[LoadedModel],
    samples: Sequence[Sample],
    *,
    maps: Mapping[str, MapGrades],
    names: Mapping[str, str],
) -> Looked:
    """Ask a version, then the live one, about pictures with replaced regions.

    Args:
        models: the version, and the live one where there is one.
        samples: of the locked test.
        maps: label → grades of the version's maps.
        names: of the labels.
    """
    asked = [model for model in models if is_asked(model)]
    if not asked or asked[0] is not models[0]:
        return Looked()
    answers: list[list[GazeCase]] = []
    gazes: list[Gaze] = []
    for number, model in enumerate(asked):

        def ask(done: float, number: int = number) -> None:
            context.check()
            context.progress(phase="asking where it looks", share=(number + done) / len(asked))

        gazes.append(Gaze(model, ask))
        answers.append(gazes[-1].run(samples))
    cases, model = answers[0], models[0]
    found: dict[str, GazeFigures] = {}
    examples: list[Json] = []
    for label in model.config.labels:
        turned = _turned(gazes[0], cases, label, model)
        figures = gaze_figures(cases, label, named=names.get(label, label), turned=turned)
        if figures is not None:
            found[label] = _with_map(figures, maps.get(label))
            told = telling_cases(cases, label)
            examples += [_example(gazes[0], label, case_id, words).to_json() for case_id, words in told]
    return Looked(
        cases,
        answers[1] if len(answers) > 1 else None,
        found,
        {
            "version": [one.to_json() for one in cases],
            "compared_with": [one.to_json() for one in answers[1]] if len(answers) > 1 else [],
            "examples": examples,
        },
    )


def _example(gaze: Gaze, label: str, case_id: str, words: str) -> GazeExample:
    pictures = [
        GazePicture(
            kind=kind,
            words=PICTURE_WORDS[kind],
            logit=logit,
            probability=gaze.probability(label, logit),
            png=small_png(grey),
        )
        for kind, grey, logit in gaze.pictures(case_id, label)
    ]
    return GazeExample(label_key=label, case_id=case_id, words=words, pictures=tuple(pictures))


def small_png(grey_ji: NDArray[np.floating]) -> str:
    """Return a picture of 0…1 as a PNG of at most 160 pixels a side, in base64."""
    picture = Pictures.fromarray((np.clip(grey_ji, 0, 1) * 255).round().astype(np.uint8))
    picture.thumbnail((_SIDE, _SIDE))
    kept = io.BytesIO()
    picture.save(kept, "PNG", optimize=True)
    return base64.b64encode(kept.getvalue()).decode()


def _turned(gaze: Gaze, cases: Sequence[GazeCase], label: str, model: LoadedModel) -> NDArray[np.float64]:
    """Return of each case with a marker whether its decision changes once that is painted over; NaN of the others."""
    limit = model.thresholds[label]
    return np.array(
        [
            float(
                (gaze.probability(label, case.whole[label]) >= limit)
                != (gaze.probability(label, case.without["marks"][label]) >= limit)
            )
            if case.has_marker
            else np.nan
            for case in cases
        ]
    )


def _with_map(figures: GazeFigures, grades: MapGrades | None) -> GazeFigures:
    """Add how much of the best map lies outside the body."""
    best = grades.grades[0] if grades and grades.winner and grades.grades else None
    if best is None:
        return figures
    return figures.model_copy(
        update={"map_outside": best.outside, "map_outside_area": best.outside_area, "map_label": best.label}
    )

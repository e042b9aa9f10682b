"""The part of an evaluation that asks which maps of a version may be shown, on the marked cases of the locked test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from inference.engine.map_report import MapGrades
from inference.engine.map_tournament import Tournament
from inference.engine.recipe_cards import recipe_card

if TYPE_CHECKING:
    from core.jobs import JobContext
    from inference.engine.loaded_model import LoadedModel
    from inference.engine.sample import Sample
    from inference.engine.trivial import Prior

Json = dict[str, Any]


def graded_maps(
    context: JobContext,
    model: LoadedModel,
    samples: Sequence[Sample],
    *,
    priors: Mapping[str, Prior],
    names: Mapping[str, str],
) -> tuple[dict[str, MapGrades], Json]:
    """Grade the maps of each label of a version whose recipe says labels of images; nothing of other recipes.

    Returns:
        Label → grades, and label → what was found on each case, for the outputs.
    """
    if recipe_card(model.config.recipe).reads != "flat_images":
        return {}, {}
    graded: dict[str, MapGrades] = {}
    found: Json = {}
    labels = model.config.labels
    for number, label in enumerate(labels):

        def ask(done: float, number: int = number) -> None:
            context.check()
            context.progress(phase="grading maps", share=(number + done) / len(labels))

        tournament = Tournament(model, label, named=names.get(label, label), prior=priors.get(label), ask=ask)
        graded[label], found[label] = tournament.run(samples)
    return graded, found

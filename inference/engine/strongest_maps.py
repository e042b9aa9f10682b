"""How strong the maps of a version are at most: measured once, on validation cases, when its training ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from torch import nn

from inference.engine.calibrate import Calibration
from inference.engine.config import RecipeConfig
from inference.engine.loaded_model import LoadedModel
from inference.engine.map_licence import untaught
from inference.engine.preprocess import Preprocessing
from inference.engine.question import Question
from inference.engine.recipe_cards import recipe_card
from inference.engine.saliency import deciding_frame, explain, made_of
from inference.engine.sample import Sample

#: How many cases are asked, by what a map costs.
_ASKED: Final = {"instant": 24, "seconds": 4, "minutes": 2}


def strongest_maps(
    network: nn.Module,
    config: RecipeConfig,
    training: Mapping[str, Any],
    samples: Sequence[Sample],
    ask: Callable[[], None],
) -> dict[str, dict[str, Any]]:
    """Return the highest value of each kind of map: {method: {label: {"strongest", "cases"}}}.

    Maps that are the same for all labels, or that the version does not offer, are left out.

    Args:
        network: just trained; its weights take no gradients any more.
        config: its settings.
        training: what the card will say of its training.
        samples: the validation cases; those with the label come first.
        ask: called before every case; may raise to stop.
    """
    network.eval().requires_grad_(requires_grad=False)
    labels = config.labels
    card = {"labels": list(labels), "config": config.to_json(), "training": training}
    model = LoadedModel(
        network,
        config,
        Preprocessing.of(config),
        {label: Calibration() for label in labels},
        dict.fromkeys(labels, 0.5),
        card,
        next(network.parameters()).device,
    )
    found: dict[str, dict[str, Any]] = {}
    for label in labels if samples else ():
        methods = [
            method
            for method in recipe_card(config.recipe).explanations
            if method.of_label and untaught(card, method, label) is None
        ]
        highest: dict[str, list[float]] = {method.name: [] for method in methods}
        for number, sample in enumerate(sorted(samples, key=lambda one: one.present.get(label) != 1)):
            asked = [method for method in methods if number < _ASKED[method.cost]]
            if not asked:
                break
            ask()
            image = sample.load()
            if recipe_card(config.recipe).reads != "flat_images":
                for method in asked:
                    highest[method.name].append(explain(model, image, label, method.name).raw_range[1])
                continue
            question = Question.of(model, image, label, deciding_frame(model, image, label))
            for method in asked:
                highest[method.name].append(made_of(question, method).raw_range[1])
        for name, values in highest.items():
            found.setdefault(name, {})[label] = {"strongest": round(max(values), 6), "cases": len(values)}
    return found

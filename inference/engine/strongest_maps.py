"""How strong the maps of a version are at most: measured once, on validation cases, when its training ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from torch import nn

from inference.engine.calibrate import Calibration
from inference.engine.config import RecipeConfig
from inference.engine.loaded_model import LoadedModel
from inference.engine.map_licence import withheld
from inference.engine.preprocess import Preprocessing
from inference.engine.recipe_cards import recipe_card
from inference.engine.saliency import explain
from inference.engine.sample import Sample

#: How many cases are asked, by what a map costs.
_ASKED: Final = {"instant": 24, "seconds": 4, "minutes": 1}


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
    for method in recipe_card(config.recipe).explanations:
        for label in labels if method.of_label and samples else ():
            if withheld(card, method, label) is not None:
                continue
            highest = []
            for sample in sorted(samples, key=lambda one: one.present.get(label) != 1)[: _ASKED[method.cost]]:
                ask()
                highest.append(explain(model, sample.load(), label, method.name).raw_range[1])
            strongest = {"strongest": round(max(highest), 6), "cases": len(highest)}
            found.setdefault(method.name, {})[label] = strongest
    return found

"""A map that nothing taught is not offered, and a map knows where it stands among those of its version."""

from __future__ import annotations

import pytest

from inference.engine.checkpoint import load_model
from inference.engine.config import RecipeConfig
from inference.engine.map_licence import explanations_of, map_scale, untaught
from inference.engine.recipe_cards import recipe_card
from inference.engine.saliency import explain
from inference.engine.train import train
from tests.inference.engine.conftest import WINDOW
from tests.inference.engine.planted import square_samples

METHODS = {one.name: one for one in recipe_card("classification").explanations}


def trained(folder, *, located, **changes):
    config = RecipeConfig(
        recipe="classification", labels=("square",), image_shape=(64, 64), epochs=2, seed=3, **WINDOW, **changes
    )
    cases = {"shapes": ((64, 64),), "located": located}
    return train(
        config,
        training=square_samples(32, 1, **cases),
        validation=square_samples(8, 2, key="v", **cases),
        workdir=folder,
    )


def test_a_location_head_that_never_saw_a_place_is_not_offered_and_says_why(tmp_path):
    without = trained(tmp_path / "without", located=0.0).card
    withheld_here = untaught(without, METHODS["location"], "square")
    assert withheld_here is not None
    assert withheld_here.code == "no_place_marked"
    assert "no reader marked" in withheld_here.why
    offered, refused = explanations_of(without, "classification", {})
    assert [method.name for method, _ in offered] == ["hirescam", "gradcam", "integrated_gradients", "occlusion"]
    assert [(method.name, why.code) for method, _, why in refused if why.code != "map_not_graded"] == [
        ("location", "no_place_marked")
    ]
    assert "location" not in without["training"]["strongest_maps"]

    with_places = trained(tmp_path / "with", located=1.0).card
    assert untaught(with_places, METHODS["location"], "square") is None
    switched_off = trained(tmp_path / "off", located=1.0, location_weight=0.0).card
    assert untaught(switched_off, METHODS["location"], "square").code == "places_not_taught"


def test_a_label_that_was_never_absent_has_no_map_of_what_tells_it_apart():
    card = {"labels": ["square"], "training": {"taught_cases": {"square": {"present": 12, "absent": 0}}}}
    reason = untaught(card, METHODS["hirescam"], "square")
    assert (reason.code, "no case without it" in reason.why) == ("one_answer_only", True)
    # A card from before it was counted says nothing against a map of the answers.
    assert untaught({"labels": ["square"], "training": {}}, METHODS["hirescam"], "square") is None


def test_the_strongest_map_of_a_version_is_measured_on_its_validation_cases(tmp_path):
    folder = trained(tmp_path, located=1.0).folder
    model = load_model(folder)
    positive = [one for one in square_samples(8, 2, key="v", shapes=((64, 64),)) if one.present["square"]]
    for method, asked in (("hirescam", 8), ("occlusion", 4)):
        kept = model.card["training"]["strongest_maps"][method]["square"]
        assert kept["cases"] == asked
        highest = max(explain(model, one.load(), "square", method).raw_range[1] for one in positive)
        assert kept["strongest"] >= round(highest, 6) if method == "hirescam" else kept["strongest"] <= 10
    strongest = model.card["training"]["strongest_maps"]["hirescam"]["square"]["strongest"]
    whole = map_scale(model.card, METHODS["hirescam"], "square", (0.0, strongest))
    weak = map_scale(model.card, METHODS["hirescam"], "square", (-1.0, strongest / 10))
    assert (whole.share, whole.is_weak) == (pytest.approx(1.0), False)
    assert (weak.share, weak.is_weak, weak.unit) == (pytest.approx(0.1), True, "logit")


def test_a_place_that_the_model_is_not_sure_of_is_weak_by_its_own_probability():
    assert map_scale({}, METHODS["location"], "square", (0.0, 0.2)).is_weak
    assert not map_scale({}, METHODS["location"], "square", (0.0, 0.9)).is_weak
    unknown = map_scale({}, METHODS["hirescam"], "square", (0.0, 0.2))
    assert (unknown.strongest, unknown.share, unknown.is_weak) == (None, None, False)

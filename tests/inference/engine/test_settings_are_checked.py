import json

import pytest

from inference.engine.config import Augmentation, RecipeConfig
from inference.engine.errors import ConfigError

GIVEN = {"recipe": "classification", "labels": ["nodule", "effusion"]}


def test_settings_go_to_json_and_back():
    config = RecipeConfig.from_json(
        {
            **GIVEN,
            "image_shape": [96, 128],
            "intensity": "window",
            "window": [40, 400],
            "augmentation": {"noise": False},
        }
    )
    assert config.augmentation == Augmentation(noise=False)
    again = RecipeConfig.from_json(json.loads(json.dumps(config.to_json())))
    assert again == config
    assert again.digest == config.digest
    assert RecipeConfig.from_json({**GIVEN, "seed": 1}).digest != RecipeConfig.from_json(GIVEN).digest


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": "magic"},
        {"labels": []},
        {"labels": ["a", "a"]},
        {"labels": ["<script>"]},
        {"labels": "nodule"},
        {"labels": [1]},
        {"dimensions": 3},
        {"image_shape": [100, 96]},
        {"image_shape": [96]},
        {"epochs": 0},
        {"epochs": True},
        {"epochs": "many"},
        {"learning_rate": float("nan")},
        {"label_smoothing": 0.9},
        {"spacing_mm": [1.0, 1.0]},
        {"intensity": "window"},
        {"window": [40, 400]},
        {"threads": 0},
        {"augmentation": {"flip_left_right": "yes"}},
        {"augmentation": []},
    ],
)
def test_a_value_out_of_range_is_refused_with_its_name(change):
    with pytest.raises(ConfigError) as refused:
        RecipeConfig.from_json({**GIVEN, **change})
    assert refused.value.code == "config_value"
    assert refused.value.message.endswith(".")


def test_unknown_and_missing_names_are_refused():
    with pytest.raises(ConfigError, match="no setting named epoch, lr"):
        RecipeConfig.from_json({**GIVEN, "lr": 1, "epoch": 3})
    with pytest.raises(ConfigError, match=r"augmentation\.spin"):
        RecipeConfig.from_json({**GIVEN, "augmentation": {"spin": True}})
    with pytest.raises(ConfigError, match="need labels"):
        RecipeConfig.from_json({"recipe": "classification"})


def test_mirroring_is_off_unless_asked_for():
    assert not RecipeConfig.from_json(GIVEN).augmentation.flip_left_right


@pytest.mark.parametrize("preset", ["tiny", "standard"])
def test_the_presets_are_usable(preset):
    assert RecipeConfig.for_preset("classification", ("a",), preset=preset).preset == preset
    for dimensions in (2, 3):
        config = RecipeConfig.for_preset("segmentation", ("a",), preset=preset, dimensions=dimensions, epochs=2)
        assert len(config.image_shape) == dimensions
        assert config.epochs == 2


def test_settings_that_came_later_change_no_digest_of_before():
    """Written down before there were any."""
    config = RecipeConfig.from_json(GIVEN)
    assert config.digest == "06d81ad0b927cb775c777ab60512f32907e419f7643025116fe3a1d436f24ad2"
    later = {"patience": 5, "ema_decay": 0.99, "accumulation": 2, "loaders": 0, "gradient_checkpointing": True}
    for changed in ({name: value} for name, value in later.items()):
        assert RecipeConfig.from_json({**GIVEN, **changed}).digest != config.digest

import json
import pickle

import pytest
import torch
from safetensors.torch import load, save

from core.digest import sha256_hex
from inference.engine.checkpoint import load_model, save_model
from inference.engine.errors import CheckpointError


@pytest.fixture
def folder(tmp_path, square_model):
    save_model(
        tmp_path,
        network=square_model.network,
        config=square_model.config,
        calibration=square_model.calibration,
        thresholds=square_model.thresholds,
    )
    return tmp_path


def refused(*given):
    with pytest.raises(CheckpointError) as error:
        load_model(*given)
    return error.value.code


def test_a_saved_model_is_read_back_the_same(folder, square_model):
    again = load_model(folder)
    assert again.weights_digest == square_model.weights_digest
    assert again.config == square_model.config
    assert again.preprocessing == square_model.preprocessing
    assert again.thresholds == square_model.thresholds
    assert again.calibration == square_model.calibration
    weights = (folder / "weights.safetensors").read_bytes()
    from_blobs = load_model(weights, json.loads((folder / "card.json").read_text()))
    assert from_blobs.card_digest == again.card_digest
    assert all(
        torch.equal(value, square_model.network.state_dict()[name])
        for name, value in from_blobs.network.state_dict().items()
    )


def test_weights_that_differ_by_one_bit_are_refused(folder):
    content = bytearray((folder / "weights.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(content)
    assert refused(folder) == "weights_changed"


def with_weights(folder, content):
    card = json.loads((folder / "card.json").read_text())
    return content, {**card, "weights_sha256": sha256_hex(content)}


def test_pickles_cut_files_and_wrong_shapes_are_refused_even_with_their_digest(folder):
    tensors = load((folder / "weights.safetensors").read_bytes())
    assert refused(*with_weights(folder, pickle.dumps({"a": 1}))) == "weights_broken"
    assert refused(*with_weights(folder, save(tensors)[:1000])) == "weights_broken"
    missing = {name: value for name, value in tensors.items() if name != "classifier.bias"}
    assert refused(*with_weights(folder, save(missing))) == "weights_do_not_fit"
    wide = {**tensors, "classifier.bias": torch.zeros(2)}
    assert refused(*with_weights(folder, save(wide))) == "weights_do_not_fit"
    endless = {**tensors, "classifier.bias": torch.tensor([float("nan")])}
    assert refused(*with_weights(folder, save(endless))) == "weights_not_finite"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"format": "other/1"}, "card_format"),
        ({"config": {"recipe": "classification"}}, "card_broken"),
        ({"config": {"recipe": "classification", "labels": ["square"], "evil": 1}}, "card_broken"),
        ({"labels": ["circle"]}, "card_broken"),
        ({"thresholds": {"square": 7}}, "card_broken"),
        ({"calibration": {"square": {"temperature": 0, "bias": 0}}}, "calibration_broken"),
        ({"preprocessing": {"version": 9}}, "preprocessing_version"),
        ({"recipe_version": "9.0.0"}, "recipe_version"),
    ],
)
def test_a_card_that_was_tampered_with_is_refused(folder, change, code):
    card = json.loads((folder / "card.json").read_text())
    assert refused((folder / "weights.safetensors").read_bytes(), {**card, **change}) == code


def test_missing_files_are_refused(tmp_path, folder):
    assert refused(tmp_path / "nowhere") == "card_missing"
    (folder / "card.json").write_text("{")
    assert refused(folder) == "card_broken"
    (folder / "card.json").unlink()
    assert refused(folder) == "file_missing"

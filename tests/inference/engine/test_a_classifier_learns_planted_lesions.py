import numpy as np
import pytest

from inference.engine.checkpoint import load_model
from inference.engine.config import RecipeConfig
from inference.engine.errors import DataError
from inference.engine.predict import predict
from inference.engine.preprocess import Preprocessing
from inference.engine.recipes.registry import recipe_named
from inference.engine.saliency import explain
from inference.engine.statistics import auc_of
from inference.engine.train import train
from tests.inference.engine.conftest import WINDOW
from tests.inference.engine.planted import SHAPES, noise_image, square_image, square_samples


@pytest.mark.acceptance("Classification: drawn lesions", bar="AUC > 0.97; ≥ 16 of 20 boxed")
def test_new_images_are_told_apart_and_the_square_is_boxed(square_model, measured):
    scores, truth, hits = [], [], 0
    samples = square_samples(40, 77, shapes=SHAPES)
    for sample in samples:
        prediction = predict(square_model, sample.load())
        scores.append(prediction.labels["square"].probability)
        truth.append(sample.present["square"])
        if sample.present["square"] and prediction.regions:
            rows, columns = np.nonzero(sample.regions["square"]()[0])
            left, top, right, bottom = prediction.regions[0].box
            hits += left < columns.mean() < right and top < rows.mean() < bottom
    measured(f"AUC {auc_of(np.array(scores), np.array(truth)):.3f}; {hits} boxed")
    assert auc_of(np.array(scores), np.array(truth)) > 0.97
    assert hits >= 16  # of 20


def test_training_and_prediction_prepare_an_image_in_the_same_way(square_training, square_model):
    config = square_model.config
    sample = square_samples(1, 5, shapes=SHAPES)[0]
    example = recipe_named("classification").example(sample, Preprocessing.of(config), config)
    assert square_model.preprocessing == Preprocessing.of(config)
    assert square_training.card["preprocessing_digest"] == Preprocessing.of(config).digest
    assert np.array_equal(example["image"], square_model.preprocessing.apply(sample.load()).tensor)


def hit_rate(model, samples):
    hits = []
    for sample in samples:
        if sample.present["square"]:
            found = explain(model, sample.load(), "square", "hirescam").map_kji
            hits.append(sample.regions["square"]()[0][np.unravel_index(found[0].argmax(), found.shape[1:])])
    return float(np.mean(hits))


@pytest.mark.acceptance("Location loss: faint drawn lesions", bar="peaks in the lesion +0.15")
def test_places_on_some_cases_make_the_maps_hit_more_often(tmp_path, measured):
    """Faint squares, few cases: what the location loss is for."""
    held_out = square_samples(60, 78, shapes=((64, 64),), size=8, brightness=0.15)
    rates = {}
    for weight in (0.0, 1.0):
        config = RecipeConfig(
            recipe="classification",
            labels=("square",),
            image_shape=(64, 64),
            epochs=12,
            location_weight=weight,
            seed=3,
            **WINDOW,
        )
        samples = square_samples(160, 21, shapes=((64, 64),), size=8, brightness=0.15, located=0.5)
        result = train(config, training=samples, validation=(), workdir=tmp_path / str(weight))
        rates[weight] = hit_rate(load_model(result.folder), held_out)
    measured(f"{rates[0.0]:.2f} → {rates[1.0]:.2f}")
    assert rates[1.0] >= rates[0.0] + 0.15


def test_unknown_labels_do_not_teach_anything():
    config = RecipeConfig(recipe="classification", labels=("a", "b"), image_shape=(32, 32))
    recipe = recipe_named("classification")
    import torch

    outputs = {"logits": torch.tensor([[3.0, -2.0]], requires_grad=True), "location": torch.zeros(1, 2, 4, 4)}
    batch = {
        "present": torch.tensor([[1.0, float("nan")]]),
        "weight": torch.ones(1, 2),
        "place_weight": torch.ones(1, 2),
        "place": torch.zeros(1, 2, 32, 32, dtype=torch.uint8),
        "place_known": torch.zeros(1, 2, 32, 32, dtype=torch.uint8),
    }
    loss, parts = recipe.loss(outputs, batch, config)
    loss.backward()
    assert outputs["logits"].grad[0, 0] != 0
    assert outputs["logits"].grad[0, 1] == 0
    assert parts["location"] == 0


def test_rare_states_are_drawn_more_often():
    config = RecipeConfig(recipe="classification", labels=("square",), image_shape=(32, 32))
    samples = [s for n, s in enumerate(square_samples(40, 1)) if n % 2 == 1 or n < 4]  # 2 of 22 are positive
    weights = recipe_named("classification").draws(samples, config).cases
    positive = np.array([s.present["square"] == 1 for s in samples])
    assert weights[positive].min() > 5 * weights[~positive].max()


def test_a_patient_in_both_splits_is_refused(tmp_path):
    config = RecipeConfig(recipe="classification", labels=("square",), image_shape=(32, 32), epochs=1)
    samples = square_samples(8, 1)
    with pytest.raises(DataError, match="1 patient is in"):
        train(config, training=samples, validation=samples[:1], workdir=tmp_path)
    with pytest.raises(DataError, match="no cases"):
        train(config, training=(), validation=(), workdir=tmp_path)


def test_several_frames_are_read_one_by_one(square_model):
    rng = np.random.default_rng(3)
    image = square_image(rng, (96, 96), 30, 30, 12)
    volume = type(image)(np.concatenate([noise_image(rng, (96, 96)) * 1000, image.pixels_kji]))
    prediction = predict(square_model, volume)
    assert prediction.labels["square"].frame == 1
    assert {region.frame for region in prediction.regions} == {1}

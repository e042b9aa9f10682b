import numpy as np
import pytest

from inference.engine.checkpoint import load_model
from inference.engine.config import RecipeConfig
from inference.engine.maps import keep_largest
from inference.engine.predict import predict
from inference.engine.train import train
from tests.inference.engine.planted import disc_samples


def dice(one, other):
    return 2 * (one.astype(bool) & other.astype(bool)).sum() / (one.astype(bool).sum() + other.astype(bool).sum())


@pytest.mark.acceptance("Segmentation in 2D: drawn discs", bar="Dice > 0.8 on each image, larger than the patch")
def test_the_disc_is_outlined_on_images_larger_than_the_patch(disc_model, measured):
    for sample in disc_samples(4, 9, shape=(1, 100, 140)):
        prediction = predict(disc_model, sample.load(), largest_component=True)
        truth = sample.regions["disc"]()
        found = prediction.masks_kji["disc"]
        assert found.shape == (1, 100, 140)
        assert found.dtype == np.uint8
        measured(f"{dice(found, truth):.3f}")
        assert dice(found, truth) > 0.8
        assert prediction.labels["disc"].is_positive
        assert prediction.probability_kji["disc"].shape == (1, 100, 140)


def test_the_regions_enclose_the_mask(disc_model):
    sample = disc_samples(1, 12, shape=(1, 80, 80))[0]
    prediction = predict(disc_model, sample.load(), largest_component=True)
    region = prediction.regions[0]
    rows, columns = np.nonzero(prediction.masks_kji["disc"][0])
    assert region.frame == 0
    assert region.area_pixels == len(rows)
    assert region.box == pytest.approx(
        (columns.min() - 0.5, rows.min() - 0.5, columns.max() + 0.5, rows.max() + 0.5), abs=0.5
    )
    assert 3 <= len(region.polygon) <= 200


def test_a_flat_network_reads_a_volume_slice_by_slice(disc_model):
    one, two = disc_samples(2, 13, shape=(1, 80, 80))
    volume = type(one.load())(np.concatenate([one.load().pixels_kji, two.load().pixels_kji]))
    both = predict(disc_model, volume)
    assert np.array_equal(both.masks_kji["disc"][0], predict(disc_model, one.load()).masks_kji["disc"][0])
    assert np.array_equal(both.masks_kji["disc"][1], predict(disc_model, two.load()).masks_kji["disc"][0])


@pytest.mark.acceptance("Segmentation in 3D: a drawn ball", bar="Dice > 0.6")
def test_a_ball_is_learned_in_three_dimensions(tmp_path, measured):
    config = RecipeConfig(
        recipe="segmentation",
        dimensions=3,
        labels=("ball", "other"),
        image_shape=(32, 32, 32),
        epochs=6,
        batch_size=2,
        learning_rate=5e-3,
        intensity="window",
        window=(0.5, 2.0),
    )
    result = train(
        config,
        training=disc_samples(8, 1, shape=(24, 40, 40), label="ball"),
        validation=disc_samples(2, 2, shape=(24, 40, 40), key="v", label="ball"),
        workdir=tmp_path,
    )
    assert result.metric_name == "dice"
    sample = disc_samples(1, 5, shape=(24, 40, 48), label="ball")[0]
    prediction = predict(load_model(result.folder), sample.load(), largest_component=True)
    assert prediction.masks_kji["ball"].shape == (24, 40, 48)
    measured(f"{dice(prediction.masks_kji['ball'], sample.regions['ball']()):.3f}")
    assert dice(prediction.masks_kji["ball"], sample.regions["ball"]()) > 0.6


def test_only_the_largest_part_is_kept_when_asked():
    mask = np.zeros((1, 10, 10), dtype=bool)
    mask[0, 1:3, 1:3] = mask[0, 5:9, 5:9] = True
    assert keep_largest(mask).sum() == 16

import numpy as np
import pytest
import torch

from inference.engine.calibrate import Calibration
from inference.engine.config import RecipeConfig
from inference.engine.errors import CheckpointError, ImageError
from inference.engine.loaded_model import LoadedModel
from inference.engine.preprocess import Preprocessing
from inference.engine.recipes.segmentation.predict import predict_masks
from inference.engine.recipes.segmentation.recipe import Segmentation
from inference.engine.sample import Image


def classifier(**changes):
    return Preprocessing.of(RecipeConfig(recipe="classification", labels=("a",), image_shape=(96, 128), **changes))


def segmenter(dimensions=2, shape=(64, 64), **changes):
    return Preprocessing.of(
        RecipeConfig(recipe="segmentation", labels=("a",), dimensions=dimensions, image_shape=shape, **changes)
    )


def blob(shape, at, width):
    grid = np.meshgrid(*[np.arange(n) for n in shape], indexing="ij")
    return np.exp(-sum((g - c) ** 2 for g, c in zip(grid, at, strict=True)) / (2 * width**2)).astype(np.float32)


def centre(array):
    grid = np.meshgrid(*[np.arange(n) for n in array.shape], indexing="ij")
    return tuple(float((g * array).sum() / array.sum()) for g in grid)


@pytest.mark.parametrize("shape", [(96, 128), (300, 211), (50, 40), (64, 400), (31, 33)])
def test_a_letterboxed_image_comes_back_to_its_own_pixels(shape):
    at = (shape[0] * 0.6, shape[1] * 0.3)
    image = Image(blob(shape, at, min(shape) / 10)[None], (1.0, 1.0, 1.0), "DX")
    preprocessing = classifier()
    prepared = preprocessing.apply(image)
    assert prepared.tensor.shape == (1, 96, 128)
    inside = prepared.tensor[0].numpy() + 2
    assert centre(inside) == pytest.approx(prepared.geometry.to_prepared(at), abs=0.1)
    restored = preprocessing.restore_map(inside, prepared.geometry)
    assert restored.shape == image.shape_kji
    assert centre(restored[0]) == pytest.approx(at, abs=max(shape) / 96 * 0.15)


def test_where_nothing_is_scaled_the_way_back_is_exact():
    rng = np.random.default_rng(0)
    image = Image(rng.normal(size=(1, 60, 128)).astype(np.float32))
    preprocessing = classifier()
    prepared = preprocessing.apply(image)
    field = rng.normal(size=prepared.geometry.shape).astype(np.float32)
    assert prepared.geometry.before == (18, 0)
    assert np.array_equal(preprocessing.restore_map(field, prepared.geometry)[0], field[18:78])


def test_a_mask_lies_where_the_image_lies():
    mask = np.zeros((1, 200, 120), dtype=bool)
    mask[0, 40:60, 80:100] = True
    preprocessing = classifier()
    prepared = preprocessing.apply(Image(mask.astype(np.float32)))
    moved = preprocessing.apply_mask(mask, prepared.geometry)
    assert np.allclose(moved.numpy(), (prepared.tensor[0].numpy() + 2) / 4, atol=1e-5)


def test_pixels_that_are_not_square_become_square():
    image = Image(np.zeros((1, 64, 64), dtype=np.float32), (1.0, 2.0, 1.0), "US")
    assert classifier().geometry(image).resized == (96, 48)


def test_a_volume_is_resampled_to_the_spacing_and_comes_back():
    at = (6, 30, 44)
    image = Image(blob((14, 60, 80), at, 5), (4.0, 1.0, 1.0), "CT")
    preprocessing = segmenter(3, (32, 64, 64), spacing_mm=(2.0, 2.0, 2.0))
    prepared = preprocessing.apply(image)
    assert prepared.geometry.resized == (28, 30, 40)
    assert prepared.tensor.shape == (1, 32, 64, 64)
    inside = prepared.tensor[0].numpy() + 2
    restored = preprocessing.restore_map(inside, prepared.geometry)
    assert restored.shape == (14, 60, 80)
    assert centre(restored) == pytest.approx(at, abs=0.3)


def test_one_slice_of_a_volume_comes_back_to_its_slice():
    image = Image(np.random.default_rng(0).normal(size=(5, 64, 64)).astype(np.float32))
    preprocessing = segmenter()
    prepared = preprocessing.apply(image, 3)
    restored = preprocessing.restore_map(prepared.tensor[0], prepared.geometry)
    assert np.array_equal(restored[3], prepared.tensor[0].numpy())
    assert not restored[[0, 1, 2, 4]].any()


def test_a_window_is_in_modality_values_and_percentiles_ignore_single_bright_pixels():
    pixels = np.linspace(-1000, 1000, 64 * 64, dtype=np.float32).reshape(1, 64, 64)
    windowed = segmenter(intensity="window", window=(0.0, 1000.0)).apply(Image(pixels)).tensor
    assert windowed[0, 0, 0] == -2
    assert windowed[0, -1, -1] == 2
    assert abs(float(windowed[0, 32, 0])) < 0.1
    bright = pixels.copy()
    bright[0, 5, 5] = 1e6
    assert (
        float((segmenter().apply(Image(bright)).tensor - segmenter().apply(Image(pixels)).tensor)[0, 20:].abs().max())
        < 0.05
    )


def test_colour_becomes_luminance_or_three_channels():
    pixels = np.zeros((1, 64, 64, 3), dtype=np.float32)
    pixels[..., :32, 1] = 255
    assert segmenter().apply(Image(pixels)).tensor.shape == (1, 64, 64)
    three = segmenter(channels=3).apply(Image(pixels)).tensor
    assert three.shape == (3, 64, 64)
    assert three[1].std() > 1
    assert three[0].std() == 0


def test_a_mask_of_another_shape_or_a_frame_that_is_not_there_is_refused():
    image = Image(np.zeros((1, 64, 64), dtype=np.float32))
    with pytest.raises(ImageError, match="shape"):
        segmenter().apply_mask(np.zeros((1, 64, 63), dtype=bool), segmenter().geometry(image))
    with pytest.raises(ImageError, match="frame"):
        segmenter().apply(image, 1)
    with pytest.raises(ImageError, match="not numbers"):
        Image(np.full((1, 4, 4), np.nan, dtype=np.float32))


def test_the_preprocessing_is_stored_and_read_back_as_the_same():
    original = segmenter(3, (32, 64, 64), spacing_mm=(2.0, 1.0, 1.0), intensity="window", window=(40.0, 400.0))
    assert Preprocessing.from_json(original.to_json()) == original
    assert Preprocessing.from_json(original.to_json()).digest == original.digest
    with pytest.raises(CheckpointError):
        Preprocessing.from_json({"version": 1})


def test_the_way_back_of_one_frame_is_that_frame_alone():
    rng = np.random.default_rng(2)
    image = Image(rng.normal(size=(5, 90, 70)).astype(np.float32))
    preprocessing = classifier()
    prepared = preprocessing.apply(image, 3)
    field = rng.normal(size=prepared.geometry.shape).astype(np.float32)
    part = preprocessing.restore_part(field, prepared.geometry)
    assert part.shape == (90, 70)
    assert np.array_equal(part, preprocessing.restore_map(field, prepared.geometry)[3])


def test_frames_of_a_series_are_painted_without_a_whole_volume_for_each(monkeypatch):
    config = RecipeConfig(recipe="segmentation", labels=("a",), image_shape=(32, 32))
    torch.manual_seed(0)
    network = Segmentation().build(config).eval()
    calibration = {"a": Calibration()}
    model = LoadedModel(network, config, Preprocessing.of(config), calibration, {"a": 0.5}, {}, torch.device("cpu"))
    image = Image(np.random.default_rng(1).normal(size=(4, 32, 32)).astype(np.float32))
    monkeypatch.setattr(Preprocessing, "restore_map", None)
    whole = predict_masks(model, image, False, None)
    for frame in range(4):
        alone = predict_masks(model, Image(image.pixels_kji[frame : frame + 1]), False, None)
        assert np.array_equal(whole.probability_kji["a"][frame], alone.probability_kji["a"][0])

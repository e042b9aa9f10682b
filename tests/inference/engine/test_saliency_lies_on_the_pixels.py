import numpy as np
import pytest
import torch
from scipy import ndimage

from inference.engine.calibrate import Calibration
from inference.engine.config import RecipeConfig
from inference.engine.errors import ImageError
from inference.engine.loaded_model import LoadedModel
from inference.engine.maps import spread
from inference.engine.preprocess import Preprocessing
from inference.engine.recipe_cards import RECIPE_CARDS, recipe_card
from inference.engine.recipes.classification.explanations import LAYERS
from inference.engine.recipes.registry import recipe_named
from inference.engine.saliency import explain
from tests.inference.engine.planted import SHAPES, disc_samples, square_image, square_mask

SIZE = 12
#: At the last layer, or at the pixels: there the map lies on what was seen. RISE is as coarse as its masks.
CLASSIFICATION = [
    one.name for one in recipe_card("classification").explanations if one.depth == 0 and one.name != "rise"
]


def centre(map_ji):
    """Centre of the strong half of a map."""
    strong = map_ji * (map_ji >= 0.5 * map_ji.max())
    rows, columns = np.indices(map_ji.shape)
    return (rows * strong).sum() / strong.sum(), (columns * strong).sum() / strong.sum()


def cell(shape):
    """A cell of the tiny network's map (8 pixels of the prepared image) in the image's own pixels."""
    return 8 * max(shape) / 96


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("method", CLASSIFICATION)
def test_the_map_falls_on_the_planted_square(square_model, method, shape):
    rng = np.random.default_rng(7)
    for _ in range(3):
        top, left = rng.integers(16, shape[0] - 28), rng.integers(16, shape[1] - 28)
        image = square_image(rng, shape, top, left, SIZE)
        saliency = explain(square_model, image, "square", method)
        assert saliency.map_kji.shape == image.shape_kji
        assert saliency.map_kji.dtype == np.float32
        assert saliency.map_kji.min() >= 0
        assert saliency.map_kji.max() <= 1
        found = saliency.map_kji[0]
        peak = np.unravel_index(found.argmax(), shape)
        wanted = np.array([top, left]) + (SIZE - 1) / 2
        assert np.abs(np.array(peak) - wanted).max() <= SIZE / 2 + cell(shape)
        assert np.abs(np.array(centre(found)) - wanted).max() <= cell(shape) * 0.75
        # Most of it within a cell of the square, which is a small part of the image.
        reach = int(cell(shape))
        near = square_mask(shape, max(0, top - reach), max(0, left - reach), SIZE + 2 * reach)[0]
        assert found[near].sum() / found.sum() > (3 if method == "gradcam_pp" else 4) * near.mean()


@pytest.mark.parametrize("method", CLASSIFICATION)
def test_moving_the_square_moves_the_map_as_far(square_model, method):
    """24 pixels are whole cells and whole occlusion steps, so nothing is rounded."""
    shape = (96, 96)
    background = np.full((1, *shape), 500, dtype=np.float32)

    def where(top, left):
        pixels = background.copy()
        pixels[square_mask(shape, top, left, SIZE)] += 600
        image = square_image(np.random.default_rng(0), shape, 0, 0, 1)
        moved = type(image)(pixels, (1.0, 1.0, 1.0), "DX")
        return np.array(centre(explain(square_model, moved, "square", method).map_kji[0]))

    here = where(26, 24)
    assert np.abs(where(26, 48) - here - (0, 24)).max() <= 1.0
    assert np.abs(where(50, 24) - here - (24, 0)).max() <= 1.0
    assert np.abs(where(50, 48) - here - (24, 24)).max() <= 1.0


@pytest.mark.parametrize(("preset", "side"), [("tiny", 96), ("standard", 224)])
def test_the_cells_of_each_layer_are_centred_where_the_network_looks(preset, side):
    """The gradient of one cell with respect to the image is centred on the pixel the map gives it."""
    torch.manual_seed(0)
    config = RecipeConfig(recipe="classification", labels=("a",), preset=preset, image_shape=(side, side))
    network = recipe_named("classification").build(config).eval()
    # Equal weights make the receptive field symmetric; of equal values a maximum would take the first.
    if preset == "standard":
        network.network.features.pool0 = torch.nn.AvgPool2d(3, 2, 1)
    for parameter in network.parameters():
        if parameter.ndim == 4:
            torch.nn.init.constant_(parameter, 1.0 / parameter[0].numel())
    image = torch.ones(1, 1, side, side, requires_grad=True)
    outputs = network(image)
    assert len(network.layers) == LAYERS
    for layer in network.layers:
        values = outputs[layer.name]
        assert side / values.shape[2] == layer.stride, layer.name
        middle = values.shape[2] // 2
        (field,) = torch.autograd.grad(values[0, :, middle, middle].sum(), image, retain_graph=True)
        along = field[0, 0].abs().double().sum(dim=1).numpy()
        at = (along * np.arange(side)).sum() / along.sum()
        assert at == pytest.approx(layer.stride * middle + layer.centre, abs=0.6), layer.name


def test_spreading_puts_a_cell_on_its_centre():
    cells = torch.zeros(12, 12)
    cells[3, 5] = 1
    spread_out = spread(cells, (96, 96), stride=8, centre=3.5)
    assert centre(spread_out) == pytest.approx((3 * 8 + 3.5, 5 * 8 + 3.5))
    assert np.array_equal(spread_out, spread(cells, (96, 96)))


def test_random_masks_find_the_square_as_far_as_they_are_fine(square_model):
    image = square_image(np.random.default_rng(7), (96, 96), 30, 54, SIZE)
    found = explain(square_model, image, "square", "rise").map_kji[0]
    assert np.abs(np.array(centre(found)) - (35.5, 59.5)).max() <= 12, "a cell of the masks"


def test_only_the_explained_frame_has_a_map(square_model):
    rng = np.random.default_rng(1)
    with_square, without = square_image(rng, (96, 96), 40, 40, SIZE), square_image(rng, (96, 96), 40, 40, 0)
    volume = type(with_square)(np.concatenate([without.pixels_kji, with_square.pixels_kji, without.pixels_kji]))
    saliency = explain(square_model, volume, "square", "hirescam")
    assert saliency.frame == 1
    assert saliency.map_kji[1].max() == 1
    assert not saliency.map_kji[[0, 2]].any()


def test_a_segmentation_is_uncertain_along_its_border(disc_model):
    sample = disc_samples(1, 11, shape=(1, 80, 112))[0]
    saliency = explain(disc_model, sample.load(), "disc", "uncertainty")
    mask = sample.regions["disc"]()[0]
    border = ndimage.binary_dilation(mask, iterations=2) & ~ndimage.binary_erosion(mask, iterations=2)
    assert saliency.map_kji.shape == (1, 80, 112)
    assert 0 <= saliency.map_kji.min() <= saliency.map_kji.max() <= 1
    assert saliency.map_kji[0][border].mean() > 2 * saliency.map_kji[0][~border].mean()


def test_explaining_changes_nothing_in_the_network(square_model):
    image = square_image(np.random.default_rng(2), (96, 96), 30, 50, SIZE)
    before = {name: value.clone() for name, value in square_model.network.state_dict().items()}
    first = explain(square_model, image, "square", "hirescam")
    for method in CLASSIFICATION:
        explain(square_model, image, "square", method)
    again = explain(square_model, image, "square", "hirescam")
    assert np.array_equal(first.map_kji, again.map_kji)
    assert all(torch.equal(before[name], value) for name, value in square_model.network.state_dict().items())
    assert not square_model.network.training


def test_an_unknown_label_or_method_is_refused(square_model, disc_model):
    image = square_image(np.random.default_rng(2), (96, 96), 30, 50, SIZE)
    with pytest.raises(ImageError, match="no such label"):
        explain(square_model, image, "circle", "hirescam")
    with pytest.raises(ImageError, match="no explanation"):
        explain(square_model, image, "square", "uncertainty")
    with pytest.raises(ImageError, match="no explanation"):
        explain(disc_model, image, "disc", "hirescam")


def test_every_method_says_what_it_costs_and_where_it_applies():
    of_layers = {"hirescam", "gradcam", "gradcam_pp", "layercam"}
    assert {one.kind for card in RECIPE_CARDS.values() for one in card.explanations} == of_layers | {
        "occlusion",
        "integrated_gradients",
        "smoothgrad",
        "rise",
        "location",
        "uncertainty",
        "left_out_frames",
        "centres",
        "best_box",
    }
    for kind in of_layers:
        depths = [one.depth for one in recipe_card("classification").explanations if one.kind == kind]
        assert depths == [0, 1, 2]
    assert recipe_card("classification").explanations[0].cost == "instant"
    assert [method.name for method in recipe_card("segmentation").explanations] == ["uncertainty"]


def test_the_standard_network_is_explained_on_the_image_grid():
    config = RecipeConfig(recipe="classification", labels=("a", "b"), preset="standard", image_shape=(64, 64))
    torch.manual_seed(1)
    network = recipe_named("classification").build(config).eval().requires_grad_(False)
    model = LoadedModel(
        network,
        config,
        Preprocessing.of(config),
        {"a": Calibration(), "b": Calibration()},
        {"a": 0.5, "b": 0.5},
        {},
        torch.device("cpu"),
    )
    image = square_image(np.random.default_rng(2), (70, 90), 30, 50, SIZE)
    for method in recipe_card("classification").explanations:
        if method.cost == "instant":
            made = explain(model, image, "b", method.name)
            assert made.map_kji.shape == (1, 70, 90)
            assert made.layer == ("location" if method.name == "location" else network.layers[method.depth].name)

"""Each kind of map against its value found another way: by MONAI, by captum, or in closed form on a small network."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam, NoiseTunnel, Saliency
from monai.visualize.class_activation_maps import GradCAMpp
from torch import nn

from inference.engine.cams import gradcam, gradcam_pp, hirescam, layercam
from inference.engine.config import RecipeConfig
from inference.engine.loaded_model import LoadedModel
from inference.engine.map_layer import MapLayer
from inference.engine.pixel_maps import random_masks, slopes
from inference.engine.preprocess import Preprocessing
from inference.engine.question import Question
from inference.engine.recipe_cards import recipe_card
from inference.engine.saliency import made_of
from inference.engine.sample import Image

METHODS = {one.name: one for one in recipe_card("classification").explanations}


class Plain(nn.Module):
    """Two convolutions, a mean and a linear head: what MONAI and captum can explain too."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.last = nn.Sequential(nn.ReLU(), nn.Conv2d(4, 6, 3, padding=1), nn.ReLU())
        self.head = nn.Linear(6, 2)

    def forward(self, image):
        return self.head(self.last(self.first(image)).mean(dim=(2, 3)))


@pytest.fixture(scope="module")
def asked():
    torch.manual_seed(4)
    network, image = Plain().eval(), torch.randn(1, 1, 16, 20)
    values = {}
    for name in ("first", "last"):
        getattr(network, name).register_forward_hook(lambda _, __, out, name=name: values.update({name: out}))
    score = network(image)[0, 1]
    found = {name: (value[0].detach(), torch.autograd.grad(score, value, retain_graph=True)[0][0])
             for name, value in values.items()}  # fmt: skip
    return network, image, found


@pytest.mark.parametrize("layer", ["first", "last"])
def test_grad_cam_is_captums(asked, layer):
    network, image, found = asked
    theirs = LayerGradCam(network, getattr(network, layer)).attribute(image, target=1)[0, 0].detach()
    assert torch.allclose(gradcam(*found[layer]), theirs, atol=1e-6)


def test_grad_cam_pp_is_its_papers_sums_and_monais_where_both_are_the_same(asked):
    network, image, found = asked
    values, gradient = (one.double() for one in found["first"])
    features, rows, columns = values.shape
    wanted = torch.zeros(rows, columns, dtype=torch.float64)
    for f in range(features):
        weight, whole = 0.0, float(values[f].sum())
        for g in gradient[f].ravel().tolist():
            below = 2 * g**2 + whole * g**3
            weight += (g**2 / below if below else 0.0) * max(g, 0.0)
        wanted += weight * values[f]
    assert torch.allclose(gradcam_pp(values, gradient), wanted)
    # MONAI sums value times gradient of the whole feature: the same where the gradient is the same everywhere. What is
    # below 0 is left out there, the exponential's own factor left in, and 1e-7 added below.
    plus = GradCAMpp(network, target_layers="last").compute_map(image.clone().requires_grad_(), class_idx=1)[0, 0]
    ours = gradcam_pp(*found["last"]).clamp(min=0)
    assert ours.max() > 0
    assert torch.allclose(ours / ours.max(), plus / plus.max(), atol=0.01)


def test_at_the_last_layer_hirescam_adds_up_to_the_score_and_layercam_to_what_speaks_for_it(asked):
    network, image, _ = asked
    with torch.no_grad():
        last = network.last(network.first(image))[0]
        weight, places = network.head.weight[1], last[0].numel()
        gradient = (weight / places)[:, None, None].expand_as(last)
        score = float(network(image)[0, 1] - network.head.bias[1])
        assert float(hirescam(last, gradient).sum()) == pytest.approx(score, abs=1e-5)
        wanted = sum(float(max(weight[f], 0)) / places * last[f] for f in range(6))
        assert torch.allclose(layercam(last, gradient), wanted, atol=1e-6)


class Linear(nn.Module):
    """A score that is a weighted sum of the pixels."""

    layers = (MapLayer("pixels", 1, 0),)

    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def forward(self, image):
        return {"logits": (image * self.weight).sum(dim=(1, 2, 3))[:, None], "pixels": image}


@pytest.fixture(scope="module")
def linear():
    config = RecipeConfig(recipe="classification", labels=("a",), image_shape=(64, 64), intensity="window",
                          window=(0.5, 1.0))  # fmt: skip
    weight = torch.zeros(64, 64)
    weight[40:48, 8:16] = 0.5
    weight[8:16, 40:48] = -0.25
    model = LoadedModel(Linear(weight), config, Preprocessing.of(config), {}, {}, {}, torch.device("cpu"))
    pixels = np.random.default_rng(1).uniform(0.4, 0.5, (1, 64, 64)).astype(np.float32)
    pixels[0, 40:48, 8:16] = pixels[0, 8:16, 40:48] = 1
    return Question.of(model, Image(pixels), "a", 0), weight


def test_smoothgrad_of_a_linear_score_is_the_size_of_its_weights_and_else_captums(asked, linear):
    question, weight = linear
    made = made_of(question, METHODS["smoothgrad"])
    inside = made.values[42:46, 10:14], made.values[10:14, 42:46]
    assert inside[0] == pytest.approx(0.5, abs=6e-3), "smoothed by one pixel only"
    assert inside[1] == pytest.approx(0.25, abs=6e-3), "it says not which way"
    assert made.values[30:34, 30:34].max() < 1e-6
    assert made.values.sum() == pytest.approx(float(weight.abs().sum()), rel=1e-3)
    # On a network with corners the mean over noise is captum's, as far as 32 and 500 copies agree.
    network, image, _ = asked
    wrapped = LoadedModel(_named(network), question.model.config, question.model.preprocessing, {}, {}, {},
                          torch.device("cpu"))  # fmt: skip
    other = Question(wrapped, question.prepared, 1)
    noise = 0.15 * float(other.tensor.max() - other.tensor.min())
    theirs = NoiseTunnel(Saliency(network)).attribute(other.tensor, nt_samples=500, stdevs=noise, target=1)[0, 0]
    ours = made_of(other, METHODS["smoothgrad"]).values
    assert ours.sum() == pytest.approx(float(theirs.sum()), rel=0.03)
    assert image.shape[0] == 1


def _named(network):
    class Named(nn.Module):
        def forward(self, image):
            return {"logits": network(image)}

    return Named()


def test_integrated_gradients_of_a_linear_score_are_weight_times_distance(linear):
    question, weight = linear
    made = made_of(question, METHODS["integrated_gradients"])
    distance = (question.tensor - question.blurred)[0, 0]
    assert made.values.sum() == pytest.approx(float((weight * distance).sum()), rel=1e-3)


def test_occlusion_of_a_linear_score_is_what_the_window_took_away(linear):
    question, weight = linear
    made = made_of(question, METHODS["occlusion"])
    size, stride = made.parameters["window"], made.parameters["stride"]
    lost = (weight * (question.tensor - question.blurred)[0, 0]).numpy()
    # A pixel in the middle is covered by each window that begins at most ``size`` before it.
    row, column = 43, 11
    starts = [
        [start for start in range(stride - size, 64, stride) if start <= at < start + size] for at in (row, column)
    ]
    windows = [lost[max(0, t) : t + size, max(0, x) : x + size].sum() for t, x in itertools.product(*starts)]
    assert made.values[row, column] == pytest.approx(np.mean(windows), rel=1e-4)


def test_rise_is_the_slope_of_the_score_over_all_masks(linear):
    every = np.array(list(itertools.product((0, 1), repeat=4)), np.float32).reshape(16, 2, 2)
    wanted = np.array([[3.0, -1.0], [0.0, 0.5]])
    assert slopes((every * wanted).sum(axis=(1, 2)) + 7, every) == pytest.approx(wanted)
    masks = random_masks((64, 64), 0).numpy()
    assert masks.mean() == pytest.approx(0.5, abs=0.02)
    assert 0 <= masks.min() <= masks.max() <= 1
    assert not np.array_equal(masks, random_masks((64, 64), 1).numpy())
    question, _ = linear
    made = made_of(question, METHODS["rise"])
    row, column = np.unravel_index(made.values.argmax(), made.values.shape)
    assert 36 <= row < 52
    assert 4 <= column < 20
    row, column = np.unravel_index(made.values.argmin(), made.values.shape)
    assert 4 <= row < 20
    assert 36 <= column < 52

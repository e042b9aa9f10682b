"""A batch in parts learns what the whole batch does; the average is what is kept; a training ends when it may."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from inference.engine.averaged import Averaged
from inference.engine.cases import Cases
from inference.engine.config import RecipeConfig
from inference.engine.errors import ConfigError, DataError
from inference.engine.optimiser import make_optimiser, make_scaler
from inference.engine.recipe import Validation
from inference.engine.recipes.classification.recipe import Classification
from inference.engine.recipes.registry import recipe_named
from inference.engine.recipes.segmentation.network import Segmenter
from inference.engine.recomputed import recomputed
from inference.engine.step import Stepper
from inference.engine.train import train
from tests.inference.engine.planted import disc_samples, square_samples

TINY = {"recipe": "classification", "labels": ("square",), "image_shape": (32, 32), "batch_size": 8}
DISC = {"recipe": "segmentation", "labels": ("disc",), "image_shape": (32, 32), "batch_size": 3}


def squares(count=24, seed=1, key="p"):
    return square_samples(count, seed, shapes=((40, 40),), key=key)


def test_a_batch_in_parts_has_the_loss_and_the_gradients_of_the_whole_batch():
    """The loss weighs cases against each other, so that the mean of the parts' losses would be another one."""
    config, recipe = RecipeConfig(**DISC), recipe_named("segmentation")
    cases = [replace(case, weights={"disc": 1.0 + 3 * n}) for n, case in enumerate(disc_samples(3, 1))]
    batch = Cases(cases, recipe, config).batch([0, 1, 2], epoch=0, step=0)
    torch.manual_seed(0)
    network = recipe.build(config).train()
    losses, gradients = [], []
    for parts in (1, 3):
        one = copy.deepcopy(network)
        optimiser = make_optimiser(one, config)
        step = Stepper(recipe, one, config, optimiser, make_scaler(config, torch.device("cpu")), parts=parts)
        losses.append(step(batch)["total"])
        gradients.append(torch.cat([weight.grad.flatten() for weight in one.parameters()]))
    assert losses[1] == pytest.approx(losses[0], abs=1e-4)
    assert (gradients[1] - gradients[0]).abs().max() < 1e-4 * gradients[0].abs().max()
    alone = [{name: values[n : n + 1] for name, values in batch.items()} for n in range(3)]
    each = [recipe.loss(network(one["image"]), one, config)[1] for one in alone]
    mean = np.mean([one["dice"] + one["cross_entropy"] for one in each])
    assert abs(mean - losses[0]) > 1e-3, "which a mean would not have"


def test_where_memory_runs_out_the_training_goes_on_in_smaller_parts_and_says_so(tmp_path, monkeypatch):
    forward, images = Segmenter.forward, 2

    def small_memory(self, image):
        if self.training and len(image) > images:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(self, image)

    config, cases = RecipeConfig(epochs=2, **DISC), disc_samples(6, 1)
    monkeypatch.setattr(Segmenter, "forward", small_memory)
    told = []
    result = train(config, training=cases, validation=(), workdir=tmp_path / "small", on_progress=told.append)
    sentence = "Memory ran out in epoch 1: since then a batch of 3 is worked through in 2 parts."
    assert list(told[-1].notes) == result.card["training"]["notes"] == [sentence]
    images = 0
    with pytest.raises(DataError) as refused:
        train(config, training=cases, validation=(), workdir=tmp_path / "none")
    assert refused.value.code == "memory_ran_out"
    monkeypatch.undo()
    asked_for = config.model_copy(update={"accumulation": 2})
    again = train(asked_for, training=cases, validation=(), workdir=tmp_path / "asked")
    assert again.weights_digest == result.weights_digest


@pytest.mark.parametrize("settings", [{**TINY, "batch_size": 4}, {**DISC, "batch_size": 4}])
def test_gradient_checkpointing_keeps_less_and_comes_to_the_same_weights(tmp_path, settings):
    cases = squares(8) if settings["recipe"] == "classification" else disc_samples(8, 1)
    digests, kept = set(), []
    for again in (False, True):
        config = RecipeConfig(epochs=1, gradient_checkpointing=again, **settings)
        digests.add(train(config, training=cases, validation=(), workdir=tmp_path / str(again)).weights_digest)
        network = recipe_named(config.recipe).build(config).train()
        with recomputed(network, wanted=again):
            kept.append(kept_for_the_way_back(network, torch.rand(4, 1, 32, 32), network.stages() if again else ()))
    assert len(digests) == 1
    assert kept[1] < 0.6 * kept[0]


def kept_for_the_way_back(network, image, stages):
    """Return the bytes that stay until the gradients are computed, what goes into forgotten stages included."""
    found = []

    def count(tensor):
        found.append(tensor.numel() * tensor.element_size())
        return tensor

    for stage in stages:
        stage.register_forward_pre_hook(lambda _, inputs: found.append(inputs[0].numel() * inputs[0].element_size()))
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        network(image)
    return sum(found)


def test_the_average_is_that_of_the_weights_so_far():
    network, steps = nn.Linear(3, 2), 40
    averaged = Averaged(network, 0.9)
    expected = network.weight.detach().clone().double()
    for step in range(1, steps + 1):
        with torch.no_grad():
            network.weight += torch.randn(2, 3, generator=torch.Generator().manual_seed(step))
        kept = min(0.9, (1 + step) / (10 + step))
        expected = kept * expected + (1 - kept) * network.weight.detach().double()
        averaged.follow(network, step)
    assert torch.allclose(averaged.network.weight.double(), expected, atol=1e-5)
    assert not torch.allclose(averaged.network.weight, network.weight, atol=1e-2)


def test_the_average_is_what_is_judged_and_kept_and_it_changes_nothing_of_the_learning(tmp_path):
    plain, averaged = (
        train(
            RecipeConfig(epochs=2, ema_decay=decay, **TINY),
            training=squares(),
            validation=squares(12, 2, "v"),
            workdir=tmp_path / str(decay),
        )
        for decay in (0.0, 0.9)
    )
    learned, judged = (
        [[entry[k] for entry in one.curves] for one in (plain, averaged)] for k in ("losses", "validation_loss")
    )
    assert learned[0] == learned[1]
    assert judged[0] != judged[1]
    kept = load_file(averaged.folder / "weights.safetensors")
    last = load_file(tmp_path / "0.9" / "checkpoints" / f"epoch-{averaged.best_epoch:05d}.safetensors")
    assert torch.equal(kept["classifier.weight"], last["averaged.classifier.weight"])
    assert not torch.equal(kept["classifier.weight"], last["network.classifier.weight"])


def test_a_training_ends_where_nothing_better_came_for_as_long_as_was_asked(tmp_path, monkeypatch):
    ranks: list[float] = []

    def validate(self, model, cases, config):
        nothing = np.zeros((1, 1), dtype=np.float32)
        return Validation("auc", ranks[0], (ranks.pop(0), 0.0), 0.0, nothing, nothing)

    monkeypatch.setattr(Classification, "validate", validate)
    done = {}
    for patience in (0, 2):
        ranks[:] = [0.5, 0.7, 0.6, 0.7, 0.9, 0.5, 0.5, 0.5]
        told = []
        done[patience] = train(
            RecipeConfig(epochs=6, patience=patience, **TINY),
            training=squares(),
            validation=squares(12, 2, "v"),
            workdir=tmp_path / str(patience),
            on_progress=told.append,
        )
    assert [done[0].best_epoch, len(done[0].curves)] == [5, 6]
    assert [done[2].best_epoch, len(done[2].curves)] == [2, 4], "the fourth was as good, not better"
    sentence = "Stopped after epoch 4 of 6: 2 epochs in a row brought nothing better."
    assert done[2].card["training"]["notes"] == [sentence]
    assert (told[-1].step, told[-1].steps, told[-1].share, told[-1].epoch) == (12, 12, 1.0, 4)
    second = load_file(tmp_path / "2" / "checkpoints" / "epoch-00002.safetensors")["network.classifier.weight"]
    assert torch.equal(load_file(done[2].folder / "weights.safetensors")["classifier.weight"], second)


def test_a_part_holds_at_least_one_image():
    with pytest.raises(ConfigError, match="accumulation is at most batch_size"):
        RecipeConfig.from_json({"recipe": "classification", "labels": ["a"], "batch_size": 2, "accumulation": 3})

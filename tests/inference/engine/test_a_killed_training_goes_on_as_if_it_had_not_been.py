import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from inference.engine.config import RecipeConfig
from inference.engine.errors import CheckpointError, TrainingStopped
from inference.engine.recipes.registry import recipe_named
from inference.engine.train import train
from inference.engine.warm_start import warm_start
from tests.inference.engine.planted import square_samples
from tests.inference.engine.train_in_a_process import run

ROOT = Path(__file__).resolve().parents[3]
TINY = {"recipe": "classification", "labels": ("square",), "image_shape": (32, 32), "batch_size": 8}


def cases(seed=1, count=24, key="p"):
    return square_samples(count, seed, shapes=((40, 40),), key=key)


def start(recipe, workdir, resume):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.inference.engine.train_in_a_process", recipe, str(workdir), resume],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("recipe", ["classification", "classification with everything", "segmentation"])
def test_after_sigkill_the_resumed_training_ends_with_the_same_weights(tmp_path, recipe):
    worker = start(recipe, tmp_path / "killed", "fresh")
    folder = tmp_path / "killed" / "checkpoints"
    wanted = 2 if recipe == "classification" else 1  # with an average and patience, too, before it may be over
    for _ in worker.stdout:
        # Then it is in the middle of the epoch after that checkpoint.
        if folder.is_dir() and len(list(folder.glob("epoch-*.safetensors"))) >= wanted:
            next(worker.stdout)
            worker.send_signal(signal.SIGKILL)
            break
    worker.stdout.close()
    assert worker.wait() == -signal.SIGKILL
    assert not (tmp_path / "killed" / "model").exists()

    resumed = run(recipe, tmp_path / "killed", resume=True)
    whole = run(recipe, tmp_path / "whole", resume=False)
    assert resumed == whole
    curves = [json.loads((tmp_path / name / "model" / "card.json").read_text()) for name in ("killed", "whole")]
    assert curves[0] == curves[1]


def test_a_training_that_is_asked_to_stop_stops_before_the_next_batch(tmp_path):
    config = RecipeConfig(epochs=3, **TINY)
    asked = []

    def stop():
        asked.append(True)
        return len(asked) > 24 + 5  # 24 cases are read, then a batch each

    with pytest.raises(TrainingStopped) as stopped:
        train(config, training=cases(), validation=(), workdir=tmp_path, should_stop=stop)
    assert len(asked) == 30
    assert stopped.value.detail["epoch"] == 2
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["epoch-00001.safetensors"]

    result = train(config, training=cases(), validation=(), workdir=tmp_path, resume=True)
    again = train(config, training=cases(), validation=(), workdir=tmp_path / "again")
    assert result.weights_digest == again.weights_digest
    assert len(result.curves) == 3


def test_the_best_and_the_last_two_checkpoints_are_kept(tmp_path):
    config = RecipeConfig(epochs=6, **TINY)
    result = train(config, training=cases(), validation=cases(2, key="v"), workdir=tmp_path)
    kept = {int(path.stem.split("-")[1]) for path in (tmp_path / "checkpoints").iterdir()}
    assert kept == {result.best_epoch, 5, 6}
    assert result.metric == max(entry["metric"] for entry in result.curves)


def test_a_broken_last_checkpoint_is_passed_over(tmp_path):
    config = RecipeConfig(epochs=3, **TINY)
    first = train(config, training=cases(), validation=(), workdir=tmp_path)
    last = tmp_path / "checkpoints" / "epoch-00003.safetensors"
    last.write_bytes(last.read_bytes()[:500])
    again = train(config, training=cases(), validation=(), workdir=tmp_path, resume=True)
    assert again.weights_digest == first.weights_digest


def test_a_checkpoint_of_other_settings_or_cases_is_refused(tmp_path):
    config = RecipeConfig(epochs=1, **TINY)
    train(config, training=cases(), validation=(), workdir=tmp_path)
    with pytest.raises(CheckpointError) as refused:
        train(RecipeConfig(epochs=2, **TINY), training=cases(), validation=(), workdir=tmp_path, resume=True)
    assert refused.value.code == "checkpoint_of_another_run"
    with pytest.raises(CheckpointError):
        train(config, training=cases(count=22), validation=(), workdir=tmp_path, resume=True)


def test_training_leaves_the_random_numbers_of_others_alone(tmp_path):
    torch.manual_seed(7)
    random.seed(7)
    np.random.seed(7)
    before = torch.rand(1), random.random(), np.random.rand()
    torch.manual_seed(7)
    random.seed(7)
    np.random.seed(7)
    train(RecipeConfig(epochs=1, **TINY), training=cases(), validation=(), workdir=tmp_path)
    assert (torch.rand(1), random.random(), np.random.rand()) == before
    assert not torch.are_deterministic_algorithms_enabled()


def test_progress_is_told_from_the_start_to_the_end(tmp_path):
    told = []
    config = RecipeConfig(epochs=2, **TINY)
    train(config, training=cases(), validation=cases(2, key="v"), workdir=tmp_path, on_progress=told.append)
    assert told[0].phase == "preparing"
    assert told[-1].phase == "finished"
    assert told[-1].step == told[-1].steps == 6
    assert told[-1].eta_seconds == 0
    assert {"total", "label", "location"} <= set(told[-1].losses)
    assert 0 <= told[-1].loader_share < 1
    assert told[-1].metric_name == "auc"
    assert json.dumps([progress.to_json() for progress in told])


def test_a_warm_start_begins_with_the_earlier_weights(tmp_path):
    config = RecipeConfig(epochs=2, warm_start=True, **TINY)
    first = train(config, training=cases(), validation=(), workdir=tmp_path / "first")
    second = train(config, training=cases(), validation=(), workdir=tmp_path / "second", initial_weights=first.folder)
    assert second.environment["initial_weights"]["weights_sha256"] == first.weights_digest
    assert second.curves[0]["losses"]["label"] < first.curves[0]["losses"]["label"]
    other = RecipeConfig(recipe="segmentation", labels=("square",), image_shape=(32, 32), epochs=1, warm_start=True)
    with pytest.raises(CheckpointError, match="another recipe"):
        train(
            other,
            training=[case for case in cases() if case.present["square"]],
            validation=(),
            workdir=tmp_path / "third",
            initial_weights=first.folder,
        )


def test_a_warm_start_takes_the_heads_of_the_same_labels_only(tmp_path):
    first = train(
        RecipeConfig(epochs=1, **{**TINY, "labels": ("other", "square")}),
        training=[replace(case, present={**case.present, "other": 0.0}) for case in cases()],
        validation=(),
        workdir=tmp_path,
    )
    weights = load_file(first.folder / "weights.safetensors")

    def begun(*labels):
        config = RecipeConfig(epochs=1, warm_start=True, **{**TINY, "labels": labels})
        network = recipe_named("classification").build(config)
        own = {name: value.clone() for name, value in network.state_dict().items()}
        said = warm_start(network, config, first.folder)
        return network.state_dict(), own, said

    # One label like the first model's second: its own row of the head comes along, not the first one's.
    now, _, said = begun("square")
    assert said["labels"] == ["square"]
    assert torch.equal(now["classifier.weight"][0], weights["classifier.weight"][1])
    assert torch.equal(now["location.bias"][0], weights["location.bias"][1])
    # Another label of the same number: the head stays new, the rest comes along.
    now, own, said = begun("third", "fourth")
    assert said["labels"] == []
    assert torch.equal(now["classifier.weight"], own["classifier.weight"])
    assert torch.equal(now["stage1.0.weight"], weights["stage1.0.weight"])
    # The same labels the other way round.
    now, _, _ = begun("square", "other")
    assert torch.equal(now["classifier.weight"], weights["classifier.weight"].flip(0))
    # As many labels as the first layer has channels: only the heads are heads.
    now, _, said = begun("square", *[f"label{n}" for n in range(15)])
    assert torch.equal(now["stage1.0.weight"], weights["stage1.0.weight"])
    assert torch.equal(now["classifier.weight"][0], weights["classifier.weight"][1])

"""The epoch that is kept is the best by the figures of the report: empty cases count, a mere nod counts less."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from monai.metrics.meandice import compute_dice
from sklearn.metrics import log_loss, roc_auc_score

from inference.engine.case_result import CaseResult
from inference.engine.evaluate import evaluate
from inference.engine.mask_score import score_segmentation
from inference.engine.predict import predict
from inference.engine.recipes.registry import recipe_named
from inference.engine.sample import Image
from tests.inference.engine.planted import disc_samples, noise_image, square_samples


def validated(model, samples):
    recipe = recipe_named(model.config.recipe)
    cases = ((sample, recipe.example(sample, model.preprocessing, model.config)) for sample in samples)
    return recipe.validate(model.network, cases, model.config)


def hard_squares(count, seed):
    """Squares so faint that the model errs."""
    return square_samples(count, seed, shapes=((96, 96),), brightness=0.05)


def test_the_auc_that_chooses_the_epoch_is_that_of_the_report(square_model):
    samples = hard_squares(60, 31)
    found = validated(square_model, samples)
    said = [predict(square_model, one.load()).labels["square"].probability for one in samples]
    results = [
        CaseResult(one.sample_id, one.patient_key, {"square": probability}, one.present)
        for one, probability in zip(samples, said, strict=True)
    ]
    report = evaluate(results, labels=["square"], thresholds={"square": 0.5}, replicates=20)
    assert found.metric == pytest.approx(report.overall.auc.value, abs=1e-6)
    assert 0.5 < found.metric < 0.99, "a figure that could be off"


def test_what_is_trusted_less_counts_less_in_the_auc_and_the_loss(square_model):
    """One third of the labels is a nod to a model's answer, and wrong: it moves the choice by its weight only."""
    samples = hard_squares(60, 32)
    nods = [
        replace(one, present={"square": 1 - one.present["square"]}, weights={"square": 0.2}) if k % 3 == 0 else one
        for k, one in enumerate(samples)
    ]
    found = validated(square_model, nods)
    truth = [one.present["square"] for one in nods]
    weights = [one.weights.get("square", 1.0) for one in nods]
    logits = found.logits[:, 0].astype(np.float64)
    assert found.metric == pytest.approx(roc_auc_score(truth, logits, sample_weight=weights))
    assert found.loss == pytest.approx(log_loss(truth, 1 / (1 + np.exp(-logits)), sample_weight=weights), rel=1e-4)
    assert found.rank[0] == round(found.metric, 2)
    assert found.metric > validated(square_model, [replace(one, weights={}) for one in nods]).metric + 0.02


def test_of_epochs_with_the_same_auc_the_one_that_tells_the_places_better_is_kept(square_model):
    """The answers are the same, and the map of one is all dark."""
    dark = copy.deepcopy(square_model)
    torch.nn.init.zeros_(dark.network.location.weight)
    samples = square_samples(24, 33)
    bright, worse = validated(square_model, samples), validated(dark, samples)
    assert (bright.metric, bright.loss) == (worse.metric, worse.loss)
    assert bright.rank > worse.rank
    unmarked = [replace(one, regions={}) for one in samples]
    assert validated(square_model, unmarked).rank == (round(bright.metric, 4), -bright.loss)


def healthy(count, seed):
    rng = np.random.default_rng(seed)
    images = [Image(noise_image(rng, (80, 80)), (1.0, 1.0, 1.0), "CT") for _ in range(count)]
    for image in images[::2]:
        image.pixels_kji[0, 20:30, 20:30] += 0.4  # looks like a disc, and a reader says that it is none
    return [
        replace(one, sample_id=f"h{k}", patient_key=f"h{k}", load=lambda image=image: image, present={"disc": 0.0},
                regions={})
        for k, (one, image) in enumerate(zip(disc_samples(count, seed), images, strict=True))
    ]  # fmt: skip


def test_the_dice_that_chooses_the_epoch_counts_empty_cases_as_the_report_does(disc_model):
    sick, clean = disc_samples(6, 33, shape=(1, 80, 80)), healthy(8, 34)
    every = [*sick, *clean]
    found = validated(disc_model, every)
    results, by_hand = [], []
    for one in every:
        painted, truth = predict(disc_model, one.load()).masks_kji["disc"] > 0, np.zeros((1, 80, 80), bool)
        if one.present["disc"] == 1:
            truth = one.regions["disc"]()
            tensors = (torch.from_numpy(mask[None].astype(np.float32)) for mask in (painted, truth))
            by_hand.append(float(compute_dice(*tensors, include_background=True)))
        else:
            by_hand.append(float(not painted.any()))
        score = score_segmentation(painted, truth, one.load().grid)
        results.append(CaseResult(one.sample_id, one.patient_key, {}, one.present, {}, {"disc": score}))
    shown = evaluate(results, labels=["disc"], thresholds={"disc": 0.5}, replicates=20).labels["disc"].segmentation
    assert 0 < shown.specificity.value < 1
    assert found.metric_name == "dice_with_empty_cases"
    assert found.metric == pytest.approx(np.mean(by_hand), abs=1e-3)
    assert found.metric == pytest.approx((6 * shown.dice.value + 8 * shown.specificity.value) / 14, abs=1e-3)


def test_healthy_cases_left_clean_speak_for_an_epoch(disc_model):
    """They used to be left out, so that one who paints a healthy case lost no more than one who paints ten."""
    sick, clean = disc_samples(6, 33, shape=(1, 80, 80)), healthy(8, 34)
    left_clean = [one for one in clean if not predict(disc_model, one.load()).masks_kji["disc"].any()]
    assert validated(disc_model, sick).metric_name == "dice"
    assert validated(disc_model, [*sick, *left_clean]).metric > validated(disc_model, sick).metric
    nods = [replace(one, weights={"disc": 0.1}) for one in clean if one not in left_clean]
    whole = [replace(one, weights={}) for one in nods]
    assert nods
    assert validated(disc_model, [*sick, *nods]).metric > validated(disc_model, [*sick, *whole]).metric + 0.1

"""The recipe: a histogram, and a weight for each of its levels."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from inference.engine.calibrate import choose_threshold, fit_calibration
from inference.engine.draws import draws_of
from inference.engine.errors import DataError
from inference.engine.recipe import Validation
from inference.engine.results import LabelPrediction, Prediction
from inference.engine.sample import trust_of
from inference.engine.statistics import weighted_auc
from overread_grey_levels.card import CARD


class Histogram(nn.Module):
    """Each picture's share of pixels at each level, and what that says of each label."""

    def __init__(self, bins, channels, labels):
        super().__init__()
        self.register_buffer("levels", torch.linspace(-3, 3, bins))
        self.weigh = nn.Linear(bins, labels)

    def forward(self, image):
        """Take [B, C, H, W]; return logits [B, L]."""
        grey = image.mean(dim=1).flatten(1)
        width = self.levels[1] - self.levels[0]
        # A pixel between two levels counts for both: a step would have no gradient for the explanations.
        near = (1 - (grey[:, :, None] - self.levels).abs() / width).clamp(min=0)
        return {"logits": self.weigh(near.mean(dim=1) * 10)}


class GreyLevels:
    """The recipe; see ``inference.engine.recipe.Recipe`` for what each part is asked for."""

    card = CARD
    version = "1.0.0"

    def build(self, config):
        """Return the network."""
        return Histogram(config.bins, config.channels, len(config.labels))

    def example(self, sample, preprocessing, config):
        """Return the middle picture, and what is known of each label: 1, 0, or NaN."""
        image = sample.load()
        known = [sample.present.get(label) for label in config.labels]
        present = torch.tensor([float("nan") if state is None else float(state) for state in known])
        return {"image": preprocessing.apply(image, image.shape_kji[0] // 2).tensor, "present": present}

    def targets(self, config):
        """Nothing moves with the picture: it learns no places."""
        return ()

    def crops(self, config):
        """It sees whole pictures."""
        return False

    def draws(self, samples, config):
        """Draw every case as often as what is said of it asks for."""
        return draws_of(samples, config.labels, np.ones((len(samples), len(config.labels))))

    def loss(self, outputs, batch, config):
        """Cross-entropy of the known labels, each by its weight."""
        known = ~torch.isnan(batch["present"])
        truth = batch["present"].nan_to_num(0.5)
        each = functional.binary_cross_entropy_with_logits(outputs["logits"].float(), truth, reduction="none")
        weight = known * batch["weight"]
        loss = (each * weight).sum() / weight.sum().clamp(min=1e-6)
        return loss, {"label": float(loss.detach())}

    def validate(self, model, cases, config):
        """Return the mean ROC AUC over the labels that have both states."""
        logits, truth, trust = [], [], []
        with torch.no_grad():
            for sample, example in cases:
                logits.append(model(example["image"][None])["logits"][0].double().numpy())
                truth.append(example["present"].double().numpy())
                trust.append(trust_of(sample, config.labels))
        said, known, weights = np.stack(logits), np.stack(truth), np.stack(trust)
        pairs = zip(said.T, known.T, weights.T, strict=True)
        aucs = [weighted_auc(score, there, weight[None])[0] for score, there, weight in pairs]
        found = [auc for auc in aucs if np.isfinite(auc)]
        metric = float(np.mean(found)) if found else 0.0
        off = np.abs(np.nan_to_num(known, nan=0.5) - 1 / (1 + np.exp(-said)))
        loss = float(-np.log(np.clip(1 - off, 1e-6, 1)).mean())
        return Validation("auc" if found else "loss", metric, (round(metric, 4), -loss), loss, said, known)

    def check(self, samples, config):
        """Ask for a case that says something of each label."""
        for label in config.labels:
            if all(sample.present.get(label) is None for sample in samples):
                raise DataError("label_without_cases", f"No training case says anything about {label}.")

    def decide(self, calibrating, deciding, point):
        """Calibrate, and put the threshold where the operating point asks for it."""
        calibration = fit_calibration(calibrating.logits, calibrating.truth, with_bias=True)
        return calibration, choose_threshold(calibration.probability(deciding.logits), deciding.truth, point)

    def predict(self, model, image, *, largest_component, on_progress):
        """Say of each label how probable it is; of several frames the most probable decides."""
        frames = [model.preprocessing.apply(image, k).tensor for k in range(image.shape_kji[0])]
        with torch.no_grad():
            logits = model.network(torch.stack(frames).to(model.device))["logits"].float().cpu().numpy()
        labels = {}
        for index, label in enumerate(model.config.labels):
            chances = model.calibration[label].probability(logits[:, index])
            best = int(chances.argmax())
            labels[label] = LabelPrediction(
                label, float(chances[best]), float(logits[best, index]), model.thresholds[label], best
            )
        return Prediction.of(labels, [])

    def explain(self, model, image, label, method, on_progress):
        """Return None: each picture is explained for itself."""

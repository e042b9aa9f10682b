import numpy as np
import pytest

from inference.engine.case_result import CaseResult
from inference.engine.checkpoint import load_model
from inference.engine.config import RecipeConfig
from inference.engine.gate import compare
from inference.engine.predict import predict
from inference.engine.sample import Image, Sample
from inference.engine.statistics import auc_of
from inference.engine.train import train


@pytest.mark.slow
@pytest.mark.acceptance(
    "Corrected labels (real X-rays)", bar="AUC ≥ 0.05 above that of 35 % wrong labels; the gate sees it"
)
def test_on_real_x_rays_a_model_of_wrong_labels_is_beaten_by_one_of_corrected_labels(real_images, tmp_path, measured):
    files = np.load(real_images / "classify" / "pneumoniamnist" / "pneumoniamnist_dev.npz")
    pixels, right = files["train_images"].astype(np.float32), files["train_labels"].ravel().astype(float)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(pixels))
    wrong = np.where(rng.random(len(pixels)) < 0.35, 1 - right, right)
    outputs, thresholds = {}, {}
    for name, labels in (("wrong", wrong), ("right", right)):
        config = RecipeConfig(
            recipe="classification", labels=("pneumonia",), image_shape=(64, 64), epochs=5, batch_size=32
        )
        samples = [
            Sample(f"t{n}", f"t{n}", lambda n=n: Image(pixels[n][None], None, "DX"), {"pneumonia": float(labels[n])})
            for n in order[:340]
        ]
        result = train(config, training=samples[:240], validation=samples[240:], workdir=tmp_path / name)
        model = load_model(result.folder)
        thresholds[name] = model.thresholds
        outputs[name] = [
            CaseResult(
                f"v{n}",
                f"v{n}",
                {"pneumonia": predict(model, Image(image[None])).labels["pneumonia"].probability},
                {"pneumonia": float(truth)},
            )
            for n, (image, truth) in enumerate(
                zip(files["val_images"].astype(np.float32), files["val_labels"].ravel(), strict=True)
            )
        ]
    truth = np.array([case.truth["pneumonia"] for case in outputs["right"]])
    aucs = {
        name: auc_of(np.array([case.probabilities["pneumonia"] for case in cases]), truth)
        for name, cases in outputs.items()
    }
    measured(f"AUC {aucs['wrong']:.3f} → {aucs['right']:.3f} on {len(truth)} films")
    assert aucs["right"] >= aucs["wrong"] + 0.05
    gate = compare(
        outputs["wrong"],
        outputs["right"],
        labels=["pneumonia"],
        champion_thresholds=thresholds["wrong"],
        challenger_thresholds=thresholds["right"],
    )
    assert gate.passed

"""A model looks at a clip that comes with the finding; a reviewer rejects that place; the next model leaves it."""

from __future__ import annotations

import pytest

from inference.engine.checkpoint import load_model
from inference.engine.config import RecipeConfig
from inference.engine.train import train
from tests.inference.engine.clips import outlined, to_learn_from, to_test_on
from tests.inference.engine.conftest import WINDOW

SEED = 0


@pytest.mark.slow
@pytest.mark.acceptance(
    "Rejected places unlearned (classification)",
    bar="≤ 20 % of the outlines on clips stay, ≥ 90 % of those on findings",
)
@pytest.mark.parametrize("located", [0.3, 0.15])
def test_rejected_places_are_left_and_the_findings_are_still_outlined(tmp_path, located, measured):
    """Beside 18 marked images, and beside 12."""
    taught, validation = to_learn_from(SEED, located=located)
    unseen = to_test_on(SEED)
    config = RecipeConfig.for_preset("classification", ("finding",), image_shape=(64, 64), seed=SEED + 100, **WINDOW)

    def found_by(name, said):
        """Train for as long as a training goes that nobody set anything of; count outlines on findings and clips."""
        done = train(
            config,
            training=[said(case) for case in taught],
            validation=[said(case) for case in validation],
            workdir=tmp_path / name,
        )
        return outlined(load_model(done.folder), unseen)

    findings, clips = found_by("without", lambda case: case.sample)
    assert findings >= 70
    assert clips >= 40, "it looks at the clip"
    findings_again, clips_again = found_by("with", lambda case: case.reviewed)
    measured(f"clips {clips} → {clips_again}, findings {findings} → {findings_again} of {len(unseen)} images")
    assert clips_again <= 0.2 * clips
    assert findings_again >= 0.9 * findings


def test_rejected_places_are_left_out_where_the_settings_say_so(tmp_path):
    taught, validation = (group[:24] for group in to_learn_from(SEED))
    reviewed = [[case.reviewed for case in group] for group in (taught, validation)]
    plain = [[case.sample for case in group] for group in (taught, validation)]
    assert any(sample.rejected for sample in reviewed[0])

    def trained(name, samples, **settings):
        config = RecipeConfig.for_preset(
            "classification", ("finding",), image_shape=(32, 32), epochs=1, seed=3, **settings, **WINDOW
        )
        return train(config, training=samples[0], validation=samples[1], workdir=tmp_path / name)

    without = trained("without", reviewed, rejected_places=False)
    assert without.weights_digest == trained("plain", plain).weights_digest
    learned = trained("with", reviewed)
    assert learned.weights_digest != without.weights_digest
    rejected = sum(bool(sample.rejected) for sample in reviewed[0])
    assert learned.card["training"]["rejected_cases"] == {"finding": rejected}
    assert without.card["training"]["rejected_cases"] == {"finding": 0}

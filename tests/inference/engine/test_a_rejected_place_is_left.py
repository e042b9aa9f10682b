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
def test_rejected_places_are_left_and_the_findings_are_still_outlined(tmp_path):
    taught, validation = to_learn_from(SEED)
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
    assert clips_again <= 0.2 * clips
    assert findings_again >= 0.9 * findings

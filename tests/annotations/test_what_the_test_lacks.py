"""What does not qualify for the locked test is counted by reason and label, with the cases a reading would mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from annotations.models import ReadingProtocol
from annotations.services.snapshots import snapshot_preview
from tests.factories.reading import image_label, make_label
from tests.factories.scenes import Scene

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = pytest.mark.django_db


def test_each_reason_is_counted_by_label_and_names_how_many_cases_a_blind_reading_would_mend(
    project: Project, radiologist: User, reviewer: User, settings: Any
) -> None:
    settings.OVERREAD_SPLIT_KEY = "split-key-of-the-tests"
    make_label(project)
    make_label(project, "mass")
    ReadingProtocol.objects.create(project=project, required_labels=[])
    nodded: list[Scene] = []
    for split in ("test", "test", "train"):
        nodded.append(Scene.begun(project, radiologist, reviewer, split=split, images=2))
        proposed = nodded[-1].proposes(image_label())
        nodded[-1].submits()
        nodded[-1].judges(proposed, "accepted")
        nodded[-1].signs()
    against = Scene.begun(project, radiologist, reviewer, split="test")
    said = against.answers(present=False)
    proposed = against.proposes(image_label())
    against.submits()
    against.judges(proposed, "accepted")
    against.rejects(said, "other")
    against.signs("correct")
    blind = Scene.begun(project, radiologist, reviewer, split="test")
    blind.answers(present=True)
    blind.submits().signs()
    Scene.begun(project, radiologist, reviewer, split="test").submits()
    Scene.begun(project, radiologist, reviewer, split="train").submits()

    counts = snapshot_preview(project=project, question="classification", label_keys=["nodule", "mass"])["counts"]
    # Two test cases of two images each, and one image of the contradicted case.
    assert counts["unsettled"] == {"contradicted": {"nodule": 1}, "test_nodded_at": {"nodule": 4}}
    assert {why: counts["left_out"][why] for why in counts["unsettled"]} == {"contradicted": 1, "test_nodded_at": 4}
    assert counts["gap"] == {"labels": {"nodule": {"contradicted": 1, "test_nodded_at": 2}}, "waiting": 1}
    assert counts["splits"]["test"]["labels"]["nodule"]["positive_patients"] == 1
    assert counts["splits"]["train"]["labels"]["nodule"]["positive"] == 2

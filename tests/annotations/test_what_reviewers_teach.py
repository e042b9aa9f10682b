"""What a reviewer's decision about a person's finding teaches, and what the reviewer says of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from annotations.dataset.rows import snapshot_rows
from annotations.models import Finding
from core.errors import Conflict
from tests.factories.reading import box, image_label, painted
from tests.factories.scenes import (
    ADJUDICATED,
    BLIND_PRESENT,
    NOTHING,
    Play,
    Scene,
    Taught,
    played,
    rows_of,
    taught_by,
)

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nodule_and_mass")]

HARD_NEGATIVE = Taught(0, "human_rejected", 1.5, 2)
ONLY_THE_PLACE = Taught(None, "human_rejected", 1.5, 2, rejected=(5.0,))


def _said(scene: Scene, content: dict[str, Any]) -> Finding:
    (said,) = scene.reads(content)
    scene.submits()
    return said


def _rejected(reason: str, *, present: bool = True, drawn: bool = False) -> Play:
    def play(scene: Scene) -> None:
        content = box(scene.workitem) if drawn else image_label(present=present)
        scene.rejects(_said(scene, content), reason)
        scene.signs("correct")

    return play


def _corrected(before: dict[str, Any] | None, after: dict[str, Any] | None) -> Play:
    """Correct an answer; None: the same with a drawing, moved away."""

    def play(scene: Scene) -> None:
        said = _said(scene, before or box(scene.workitem))
        scene.judges(said, "corrected", corrected_content=after or box(scene.workitem, 30, 5, 40, 15))
        scene.signs("correct")

    return play


def _added(*, looked: bool = False, twin: str = "", places: bool = False) -> Play:
    """Add a finding of the reviewer's own.

    Args:
        twin: why the model's equal finding is rejected; "" where it made none.
    """

    def play(scene: Scene) -> None:
        if looked:
            scene.looks()
        proposed = scene.proposes(image_label()) if twin else None
        scene.submits()
        scene.adds(box(scene.workitem) if places else image_label())
        if proposed is not None:
            scene.rejects(proposed, twin)
        scene.signs("correct")

    return play


def _upheld(scene: Scene) -> None:
    """Reader and model draw at different places, and the reviewer decides for the reader."""
    proposed = scene.proposes(box(scene.workitem, 30, 5, 40, 15))
    said = _said(scene, box(scene.workitem))
    scene.judges(said, "accepted")
    scene.rejects(proposed, "wrong_place")
    scene.signs()


def _turned_with_the_model(scene: Scene) -> None:
    """The reader says absent, the model present, and the reviewer decides for the model, by correcting the reader."""
    proposed = scene.proposes(image_label())
    said = _said(scene, image_label(present=False))
    scene.judges(proposed, "accepted")
    scene.judges(said, "corrected", corrected_content=image_label())
    scene.signs("correct")


def _refuted_with_the_model(scene: Scene) -> None:
    """Reader and model both say present; the reviewer says of both that there is no such thing."""
    proposed = scene.proposes(image_label())
    said = _said(scene, image_label())
    scene.rejects(proposed, "not_present")
    scene.rejects(said, "not_present")
    scene.signs("correct")


def _says_both(scene: Scene) -> None:
    """The reviewer rejects the model's "present" as not there, and accepts the reader's equal one."""
    proposed = scene.proposes(image_label())
    said = _said(scene, image_label())
    scene.rejects(proposed, "not_present")
    scene.judges(said, "accepted")
    scene.signs()


def _says_both_of_the_readers(scene: Scene) -> None:
    """The reviewer rejects the reader's "present" as not there, and accepts the model's equal one."""
    proposed = scene.proposes(image_label())
    said = _said(scene, image_label())
    scene.rejects(said, "not_present")
    scene.judges(proposed, "accepted")
    scene.signs("correct")


DECISIONS: list[tuple[Play, Taught, bool]] = [
    (_rejected("not_present"), HARD_NEGATIVE, True),
    (_rejected("wrong_label"), HARD_NEGATIVE, True),
    (_rejected("wrong_place"), NOTHING, False),
    (_rejected("wrong_extent"), NOTHING, False),
    (_rejected("poor_image"), NOTHING, False),
    (_rejected("right_for_wrong_reason"), BLIND_PRESENT, True),
    (_rejected("duplicate"), NOTHING, False),
    (_rejected("other"), NOTHING, False),
    (_rejected("not_present", present=False), NOTHING, False),
    (_rejected("other", present=False), NOTHING, False),
    (_rejected("not_present", drawn=True), ONLY_THE_PLACE, False),
    (_rejected("wrong_label", drawn=True), ONLY_THE_PLACE, False),
    (_rejected("wrong_place", drawn=True), ONLY_THE_PLACE, False),
    (_rejected("wrong_extent", drawn=True), NOTHING, False),
    (_rejected("poor_image", drawn=True), NOTHING, False),
    (_rejected("right_for_wrong_reason", drawn=True), Taught(1, "blind_read", 1.0, 1, rejected=(5.0,)), True),
    (_rejected("duplicate", drawn=True), NOTHING, False),
    (_rejected("other", drawn=True), NOTHING, False),
    (_corrected(image_label(), image_label(present=False)), HARD_NEGATIVE, True),
    (_corrected(image_label(present=False), image_label()), ADJUDICATED, True),
    (_corrected(image_label(), image_label("mass")), HARD_NEGATIVE, True),
    (_corrected(image_label("mass"), image_label()), ADJUDICATED, True),
    (_corrected(None, None), Taught(1, "adjudicated", 1.5, 1, places=(30.0,), rejected=(5.0,)), True),
    (_added(), ADJUDICATED, True),
    (_added(places=True), Taught(1, "adjudicated", 1.5, 1, places=(5.0,)), True),
    (_added(looked=True), Taught(1, "human_added", 1.0, 3), True),
    (_added(twin="other"), Taught(1, "assisted_read", 1.0, 1), False),
    (_added(twin="duplicate"), Taught(1, "assisted_read", 1.0, 1), False),
    (_upheld, Taught(1, "adjudicated", 1.5, 1, places=(5.0,), rejected=(30.0,)), True),
    (_turned_with_the_model, ADJUDICATED, True),
    (_refuted_with_the_model, HARD_NEGATIVE, True),
    (_says_both, NOTHING, False),
    (_says_both_of_the_readers, NOTHING, False),
]


@pytest.mark.parametrize(("play", "taught", "tests"), DECISIONS)
def test_a_reviewers_decision_teaches_what_the_table_says(
    play: Play, taught: Taught, tests: bool, project: Project, radiologist: User, reviewer: User
) -> None:
    learned, locked = played(play, project, radiologist, reviewer)
    assert learned == taught
    assert (locked.state is not None) == tests
    if tests:
        assert (locked.state, locked.provenance) == (taught.state, taught.provenance)


def test_a_nod_to_two_contrary_answers_cannot_be_signed(project: Project, radiologist: User, reviewer: User) -> None:
    scene = Scene.begun(project, radiologist, reviewer)
    proposed = scene.proposes(image_label())
    said = _said(scene, image_label(present=False))
    scene.judges(proposed, "accepted")
    scene.judges(said, "accepted")
    with pytest.raises(Conflict, match="disagree on nodule"):
        scene.signs()
    assert taught_by(scene) == NOTHING


def test_what_a_reopening_voids_teaches_nothing_until_it_is_decided_anew(
    project: Project, radiologist: User, reviewer: User, admin: User
) -> None:
    scene = Scene.begun(project, radiologist, reviewer)
    proposed = scene.proposes(image_label("mass"))
    said = _said(scene, image_label(present=False))
    scene.judges(proposed, "accepted")
    scene.judges(said, "corrected", corrected_content=image_label())
    scene.signs("correct")
    assert (taught_by(scene), taught_by(scene, "mass").provenance) == (ADJUDICATED, "ai_accepted")
    scene.reopens(admin)
    assert rows_of(project) == []
    scene.rejects(proposed, "not_present")
    scene.signs("correct")
    assert taught_by(scene, "mass") == Taught(0, "ai_rejected", 1.0, 2)
    assert taught_by(scene) == ADJUDICATED, "the reviewer's own words stay, whoever signs them again"


def test_two_readers_who_agree_are_a_consensus_and_two_who_do_not_are_unknown(
    project: Project, radiologist: User, reviewer: User, make_user: Callable[..., User]
) -> None:
    ravi, admin = make_user("ravi", "radiologist", project), make_user("ida", "admin", project)
    for present, expected in ((True, Taught(1, "consensus", 1.5, 1)), (False, NOTHING)):
        scene = Scene.begun(project, radiologist, reviewer, split="test")
        scene.answers(present=True)
        scene.submits().signs()
        scene.is_read_again(by=ravi, for_=admin)
        scene.answers(present=present)
        scene.submits()
        (scene.signs if present else scene.signs_both)("accept")
        assert taught_by(scene) == expected
    built = snapshot_rows(project=project, question="classification", label_keys=["nodule"])
    assert built.unsettled["contradicted"] == {"nodule": 1}


def test_a_mask_against_an_answer_is_unknown_and_a_rejected_mask_is_where_it_is_not(
    project: Project, radiologist: User, reviewer: User
) -> None:
    against = Scene.begun(project, radiologist, reviewer)
    against.reads(image_label(present=False), painted(against.workitem, [7, 3]))
    against.submits().signs_both()
    refused = Scene.begun(project, radiologist, reviewer, images=3)
    proposed = refused.proposes(painted(refused.workitem, [7, 3]))
    refused.submits()
    refused.rejects(proposed, "wrong_place")
    refused.signs()
    (row,) = rows_of(project, "segmentation")
    assert row["study_instance_uid"] == refused.now.study.study_instance_uid
    assert (row["labels"]["nodule"], row["regions"]) == (None, [])
    assert [one["mask"]["runs"] for one in row["rejected_regions"]] == [[7, 3]]
    built = snapshot_rows(project=project, question="segmentation", label_keys=["nodule"])
    assert built.unsettled["contradicted"] == {"nodule": 1}


def test_of_two_masks_the_better_trusted_is_taught_and_a_models_alone_never_tests(
    project: Project, radiologist: User, reviewer: User
) -> None:
    for split in ("train", "test"):
        both = Scene.begun(project, radiologist, reviewer, split=split)
        proposed = both.proposes(painted(both.workitem, [7, 4]))
        both.reads(painted(both.workitem, [7, 3]))
        both.submits()
        both.judges(proposed, "accepted")
        both.signs()
        alone = Scene.begun(project, radiologist, reviewer, split=split)
        proposed = alone.proposes(painted(alone.workitem, [20, 5]))
        alone.submits()
        alone.judges(proposed, "accepted")
        alone.signs()
    rows = rows_of(project, "segmentation")
    runs: dict[str, list[Any]] = {row["split"]: [] for row in rows}
    for row in rows:
        runs[row["split"]] += [(one["mask"]["runs"], row["provenance"]) for one in row["regions"]]
    assert sorted(runs["train"]) == [([7, 3], "blind_read"), ([20, 5], "ai_accepted")]
    assert runs["test"] == [([7, 3], "blind_read")]

"""What is taught where acts meet: struck answers and nods, echoes, finds, corrections of several kinds; in training and
in the locked test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from annotations.dataset.rows import snapshot_rows
from tests.factories.reading import box, image_label, image_of
from tests.factories.scenes import (
    ADJUDICATED,
    BLIND_ABSENT,
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

ASSISTED = Taught(1, "assisted_read", 1.0, 1)
FOUND = Taught(1, "human_added", 1.0, 3)
NODDED = Taught(1, "ai_accepted", 0.5, 1)
NODDED_ABSENT = Taught(0, "ai_accepted", 0.5, 1)


def _seen(scene: Scene) -> None:
    """Let the reader hand in nothing, see something of the model, and go on."""
    scene.proposes(image_label("mass"), "seen")
    scene.submits().withdraws()


def _signs(scene: Scene, event: str = "correct") -> None:
    """Let the reviewer decide about what the reader was only to see, and sign."""
    for standing in scene.now.findings.filter(proposal_key="seen"):
        scene.rejects(standing, "other")
    scene.signs(event)


def _assisted(*, present: bool = True, looked: bool = False, model: bool | None = None, accepted: bool = False) -> Play:
    """Answer with the model's opinion seen: it missed the label, or says this of it, which the reviewer accepts."""

    def play(scene: Scene) -> None:
        _seen(scene)
        if looked:
            scene.looks()
        proposed = None if model is None else scene.proposes(image_label(present=model))
        said = scene.answers(present=present)
        scene.submits()
        if proposed is not None:
            scene.judges(proposed, "accepted")
        if accepted:
            scene.judges(said, "accepted")
        _signs(scene, "accept")

    return play


def _assisted_at_the_wrong_place(scene: Scene) -> None:
    _seen(scene)
    said = scene.answers(present=True)
    scene.submits()
    scene.rejects(said, "right_for_wrong_reason")
    _signs(scene)


def _denied(reason: str) -> Play:
    """Reject a reader's "absent" for a reason."""

    def play(scene: Scene) -> None:
        said = scene.answers(present=False)
        scene.submits()
        scene.rejects(said, reason)
        scene.signs("correct")

    return play


def _models_denial(reason: str, *, read: bool | None) -> Play:
    """Reject a model's "absent" for a reason, beside what a reader says."""

    def play(scene: Scene) -> None:
        proposed = scene.proposes(image_label(present=False))
        if read is not None:
            scene.answers(present=read)
        scene.submits()
        scene.rejects(proposed, reason)
        scene.signs()

    return play


def _corrected(before: dict[str, Any], after: dict[str, Any]) -> Play:
    def play(scene: Scene) -> None:
        (said,) = scene.reads(before)
        scene.submits()
        scene.judges(said, "corrected", corrected_content=after)
        scene.signs("correct")

    return play


def _struck(reason: str, *, says: bool | None, nod: bool | None = None, adds: bool = False) -> Play:
    """Strike what the reader says, or drew (None), beside a nod to the model, or what the reviewer says."""

    def play(scene: Scene) -> None:
        proposed = None if nod is None else scene.proposes(image_label(present=nod))
        (said,) = scene.reads(box(scene.workitem) if says is None else image_label(present=says))
        scene.submits()
        if proposed is not None:
            scene.judges(proposed, "accepted")
        if adds:
            scene.adds(image_label())
        scene.rejects(said, reason)
        scene.signs("correct")

    return play


def _twins(scene: Scene) -> None:
    """A model says the same twice; the reviewer accepts the one and calls the other a twin."""
    first, second = (scene.proposes(image_label(), name) for name in ("one", "two"))
    scene.submits()
    scene.judges(first, "accepted")
    scene.rejects(second, "duplicate")
    scene.signs()


def _found_and_corrected(scene: Scene) -> None:
    """The model missed it; the reader draws it and denies it; the reviewer accepts the one and corrects the other."""
    scene.looks()
    denied, drawn = scene.reads(image_label(present=False), box(scene.workitem))
    scene.submits()
    scene.judges(drawn, "accepted")
    scene.judges(denied, "corrected", corrected_content=image_label())
    scene.signs("correct")


COMBINED: list[tuple[Play, Taught, bool]] = [
    (_assisted(), ASSISTED, False),
    (_assisted(looked=True), FOUND, False),
    (_assisted(looked=True, accepted=True), FOUND, True),
    (_assisted(model=True), NODDED, False),
    (_assisted(present=False, model=False), NODDED_ABSENT, False),
    (_assisted_at_the_wrong_place, ASSISTED, False),
    (_denied("right_for_wrong_reason"), BLIND_ABSENT, True),
    (_denied("wrong_label"), NOTHING, False),
    (_models_denial("not_present", read=None), NOTHING, False),
    (_models_denial("wrong_label", read=True), BLIND_PRESENT, True),
    (_models_denial("right_for_wrong_reason", read=None), NODDED_ABSENT, False),
    (_corrected(image_label(), image_label(text="at the left")), BLIND_PRESENT, True),
    (_corrected(image_label("mass"), image_label(present=False)), Taught(0, "adjudicated", 1.5, 1), True),
    (_corrected(image_label(present=False), image_label("mass")), Taught(None, "", 0.0, 1), False),
    (_corrected(image_label(present=False), image_label(present=False, text="sure")), BLIND_ABSENT, True),
    (_struck("other", says=True, nod=False), NOTHING, False),
    (_struck("duplicate", says=True, nod=False), NODDED_ABSENT, False),
    (_struck("other", says=None, nod=False), NODDED_ABSENT, False),
    (_struck("other", says=False, adds=True), ADJUDICATED, True),
    (_struck("other", says=False, nod=True, adds=True), ASSISTED, False),
    (_twins, NODDED, False),
    (_found_and_corrected, Taught(1, "human_added", 1.0, 3, places=(5.0,)), True),
]


@pytest.mark.parametrize(("play", "taught", "tests"), COMBINED)
def test_what_several_say_teaches_what_the_table_says(
    play: Play, taught: Taught, tests: bool, project: Project, radiologist: User, reviewer: User
) -> None:
    learned, locked = played(play, project, radiologist, reviewer)
    assert learned == taught
    assert (locked if tests else locked.state) == (taught if tests else None)


def test_a_drawing_that_is_moved_to_another_image_is_nowhere_on_the_first(
    project: Project, radiologist: User, reviewer: User
) -> None:
    scene = Scene.begun(project, radiologist, reviewer, images=2)
    first = image_of(scene.workitem)
    other = first.series.instances.exclude(pk=first.pk).get()
    (said,) = scene.reads(box(scene.workitem))
    scene.submits()
    moved = box(scene.workitem)
    moved["geometry"] = {**moved["geometry"], "sop_instance_uid": other.sop_instance_uid}
    scene.judges(said, "corrected", corrected_content=moved)
    scene.signs("correct")
    rows = {row["sop_instance_uid"]: row for row in rows_of(project)}
    assert [len(rows[image.sop_instance_uid]["regions"]) for image in (first, other)] == [0, 1]
    assert [len(rows[image.sop_instance_uid]["rejected_regions"]) for image in (first, other)] == [1, 0]


def test_the_locked_test_keeps_a_place_that_people_rejected_and_takes_none_from_a_nod(
    project: Project, radiologist: User, reviewer: User
) -> None:
    scene = Scene.begun(project, radiologist, reviewer, split="test")
    wrong, nodded = (scene.proposes(box(scene.workitem, x, 5, x + 8, 15), str(x)) for x in (20, 35))
    scene.answers(present=True)
    scene.submits()
    scene.rejects(wrong, "wrong_place")
    scene.judges(nodded, "accepted")
    scene.signs()
    assert taught_by(scene) == Taught(1, "blind_read", 1.0, 1, rejected=(20.0,))


def _poor_image(scene: Scene) -> None:
    (said,) = scene.reads(image_label())
    scene.submits()
    scene.rejects(said, "poor_image")
    scene.signs("correct")


REASONS: list[tuple[Play, str]] = [
    (_assisted(), "test_assisted"),
    (_assisted(looked=True), "test_assisted"),
    (_struck("other", says=False, nod=True, adds=True), "test_assisted"),
    (_assisted(model=True), "test_nodded_at"),
    (_models_denial("right_for_wrong_reason", read=None), "test_nodded_at"),
    (_struck("other", says=True, nod=False), "contradicted"),
    (_poor_image, "undecidable"),
]


@pytest.mark.parametrize(("play", "reason"), REASONS)
def test_what_may_not_test_is_counted_by_its_reason(
    play: Play, reason: str, project: Project, radiologist: User, reviewer: User
) -> None:
    play(Scene.begun(project, radiologist, reviewer, split="test"))
    built = snapshot_rows(project=project, question="classification", label_keys=["nodule"])
    assert (built.rows, built.unsettled) == ([], {reason: {"nodule": 1}})
    assert {key: len(cases) for key, cases in built.lacking.items()} == {("nodule", reason): 1}

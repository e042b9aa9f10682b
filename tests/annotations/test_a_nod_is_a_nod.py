"""Who only agrees with a model has nodded, whatever they click: a nod never enters the locked test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from annotations.dataset.habit import reviewing_of
from annotations.models import Finding, ReadingProtocol
from annotations.services.revisions import finding_delete, revision_append
from annotations.services.sign_off import workitem_decide
from tests.factories.reading import box, image_label
from tests.factories.scenes import (
    ADJUDICATED,
    BLIND_ABSENT,
    BLIND_PRESENT,
    NOTHING,
    Play,
    Scene,
    Taught,
    played,
    taught_by,
)

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nodule_and_mass")]
NODDED, ASSISTED = Taught(1, "ai_accepted", 0.5, 1), Taught(1, "assisted_read", 1.0, 1)


def _corrects(*, drawn: bool, **changed: Any) -> Play:
    """Correct a model's finding in nothing but this."""

    def play(scene: Scene) -> None:
        content = box(scene.workitem) if drawn else image_label()
        proposed = scene.proposes(content)
        scene.submits()
        scene.judges(proposed, "corrected", corrected_content={**content, **changed})
        scene.signs()

    return play


def _moves(far: float) -> Play:
    def play(scene: Scene) -> None:
        proposed = scene.proposes(box(scene.workitem))
        scene.submits()
        scene.judges(proposed, "corrected", corrected_content=box(scene.workitem, 5, 5 + far, 15, 15 + far))
        scene.signs()

    return play


def _adds_after(reason: str, *, drawn: bool = False) -> Play:
    """Reject a model's finding, not its answer, and add the same answer as one's own."""

    def play(scene: Scene) -> None:
        proposed = scene.proposes(box(scene.workitem) if drawn else image_label())
        scene.submits()
        scene.rejects(proposed, reason)
        scene.adds(image_label())
        scene.signs("correct")

    return play


def _reader_agreed(decision: str) -> Play:
    """The reader answered with the model's opinion on the screen, and the reviewer accepts that or rewords it."""

    def play(scene: Scene) -> None:
        scene.proposes(image_label("mass"), "seen")
        scene.submits().withdraws()
        proposed = scene.proposes(image_label())
        said = scene.answers(present=True)
        scene.submits()
        scene.rejects(scene.now.findings.get(proposal_key="seen"), "other")
        if decision == "accepted":
            scene.rejects(proposed, "right_for_wrong_reason")
            scene.judges(said, "accepted")
            scene.signs()
        else:
            scene.judges(proposed, "accepted")
            scene.judges(said, "corrected", corrected_content=image_label(text="at the left"))
            scene.signs("correct")

    return play


def _both_then_one(*, kept: bool) -> Play:
    """The reader says both blind, sees the model say "present", and takes one back."""

    def play(scene: Scene) -> None:
        proposed = scene.proposes(image_label())
        drawn, denied = scene.reads(box(scene.workitem), image_label(present=False))
        scene.submits().withdraws()
        away = Finding.objects.select_related("head").get(pk=(denied if kept else drawn).pk)
        assert away.head is not None
        finding_delete(finding=away, author=scene.reader, if_match=away.head.digest)
        scene.submits()
        scene.rejects(proposed, "duplicate")
        scene.signs()

    return play


def _renames_and_keeps(scene: Scene) -> None:
    """The reader's drawing is another label's once the model was seen; the denial beside it was said blind."""
    proposed = scene.proposes(image_label())
    drawn, _ = scene.reads(box(scene.workitem), image_label(present=False))
    scene.submits().withdraws()
    head = Finding.objects.select_related("head").get(pk=drawn.pk).head
    assert head is not None
    content = {**box(scene.workitem), "label_key": "mass"}
    revision_append(finding=drawn, author=scene.reader, content=content, if_match=head.digest)
    scene.submits()
    scene.rejects(proposed, "other")
    scene.signs()


NODS: list[tuple[Play, Taught]] = [
    (_corrects(drawn=False, text="at the left"), NODDED),
    (_corrects(drawn=True, name="one", color="#00ff00"), Taught(1, "ai_accepted", 0.5, 1, places=(5.0,))),
    (_moves(0.01), Taught(1, "ai_accepted", 0.5, 1, places=(5.0,))),
    (_adds_after("right_for_wrong_reason"), ASSISTED),
    (_adds_after("wrong_extent"), ASSISTED),
    (_adds_after("wrong_extent", drawn=True), ASSISTED),
    (_adds_after("wrong_place", drawn=True), Taught(1, "assisted_read", 1.0, 1, rejected=(5.0,))),
    (_reader_agreed("accepted"), ASSISTED),
    (_reader_agreed("corrected"), NODDED),
    (_both_then_one(kept=True), Taught(1, "assisted_read", 1.0, 1, places=(5.0,))),
    (_both_then_one(kept=False), Taught(0, "assisted_read", 1.0, 1)),
    (_renames_and_keeps, Taught(0, "assisted_read", 1.0, 1)),
]


@pytest.mark.parametrize(("play", "taught"), NODS)
def test_who_agrees_with_a_model_has_nodded(
    play: Play, taught: Taught, project: Project, radiologist: User, reviewer: User
) -> None:
    learned, locked = played(play, project, radiologist, reviewer)
    assert (learned, locked.state) == (taught, None)


def test_a_correction_that_moves_the_place_is_one(project: Project, radiologist: User, reviewer: User) -> None:
    learned, locked = played(_moves(3), project, radiologist, reviewer)
    assert (learned.provenance, locked.provenance) == ("ai_corrected", "ai_corrected")


def test_a_readers_own_blind_word_stays_blind_however_it_is_worded(
    project: Project, radiologist: User, reviewer: User
) -> None:
    for present, expected in ((True, BLIND_PRESENT), (False, BLIND_ABSENT)):
        scene = Scene.begun(project, radiologist, reviewer, split="test")
        said = scene.answers(present=present)
        scene.submits()
        scene.judges(said, "corrected", corrected_content=image_label(present=present, text="sure"))
        scene.signs("correct")
        assert taught_by(scene) == expected


def test_rewording_after_a_correction_takes_nothing_from_it(
    project: Project, radiologist: User, reviewer: User
) -> None:
    scene = Scene.begun(project, radiologist, reviewer, split="test")
    said = scene.answers(present=False)
    scene.submits()
    scene.judges(said, "corrected", corrected_content=image_label())
    scene.judges(said, "corrected", corrected_content=image_label(text="sure"))
    scene.signs("correct")
    assert taught_by(scene) == ADJUDICATED


def test_who_rewords_everything_accepts_everything(project: Project, radiologist: User, reviewer: User) -> None:
    scene = Scene.begun(project, radiologist, reviewer)
    proposed = [scene.proposes(image_label("nodule"), "one"), scene.proposes(box(scene.workitem), "two")]
    scene.submits()
    scene.judges(proposed[0], "corrected", corrected_content=image_label(text="yes"))
    scene.judges(proposed[1], "corrected", corrected_content=box(scene.workitem, 30, 5, 40, 15))
    (found,) = reviewing_of(project)
    assert (found.decisions, found.accepted) == (2, 1)


@pytest.mark.parametrize("spoke", [True, False])
def test_what_is_said_after_a_case_was_sent_back_is_blind_only_where_no_model_spoke(
    spoke: bool, project: Project, radiologist: User, reviewer: User
) -> None:
    ReadingProtocol.objects.update(reveal="never")
    scene = Scene.begun(project, radiologist, reviewer, split="test")
    proposed = scene.proposes(image_label()) if spoke else None
    said = scene.answers(present=False)
    scene.submits()
    remark = "There is one, upper left."
    workitem_decide(workitem=scene.now, by=reviewer, version=scene.now.version, event="reject", remark=remark)
    scene.claims_again()
    head = Finding.objects.select_related("head").get(pk=said.pk).head
    assert head is not None
    revision_append(finding=said, author=radiologist, content=image_label(), if_match=head.digest)
    scene.submits()
    if proposed is not None:
        scene.judges(proposed, "accepted")
    scene.signs()
    assert taught_by(scene) == (NOTHING if spoke else BLIND_PRESENT)


def test_nothing_is_taught_of_a_label_that_a_reader_said_both_of_and_kept_both(
    project: Project, radiologist: User, reviewer: User
) -> None:
    ReadingProtocol.objects.update(reveal="never")
    scene = Scene.begun(project, radiologist, reviewer, split="test")
    scene.reads(box(scene.workitem), image_label(present=False))
    scene.submits().signs_both()
    assert taught_by(scene) == NOTHING

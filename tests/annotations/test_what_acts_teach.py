"""Each act of each person, played through the services, and what the dataset's row holds of it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from annotations.models import Finding
from annotations.services.workitems import workitem_release
from core.errors import Conflict
from tests.factories.reading import box, image_label
from tests.factories.scenes import (
    BLIND_ABSENT,
    BLIND_PRESENT,
    NOTHING,
    Play,
    Scene,
    Taught,
    played,
)

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nodule_and_mass")]


def _label(*, present: bool = True) -> dict[str, Any]:
    return image_label(present=present)


def _read(scene: Scene, *, present: bool | None = True) -> Finding | None:
    """Let the reader answer, or say nothing, and hand in."""
    said = None if present is None else scene.answers(present=present)
    scene.submits()
    return said


# --- the reader alone -------------------------------------------------------------------------------------------


def _claimed_only(scene: Scene) -> None:
    scene.answers(present=True)


def _handed_in_only(scene: Scene) -> None:
    _read(scene)


def _given_back(scene: Scene) -> None:
    scene.answers(present=True)
    workitem_release(workitem=scene.now, by=scene.reader, version=scene.now.version)


def _sent_back(scene: Scene) -> None:
    _read(scene)
    from annotations.services.sign_off import workitem_decide

    workitem_decide(workitem=scene.now, by=scene.reviewer, version=scene.now.version, event="reject", remark="look")


def _present(scene: Scene) -> None:
    _read(scene)
    scene.signs()


def _absent(scene: Scene) -> None:
    _read(scene, present=False)
    scene.signs()


def _drawn(scene: Scene) -> None:
    scene.reads(box(scene.workitem))
    scene.submits().signs()


def _reader_contradicts_himself(scene: Scene) -> None:
    scene.reads(_label(present=False), box(scene.workitem))
    with pytest.raises(Conflict, match="people among themselves"):
        scene.submits().signs()
    scene.signs_both()


def _after_the_reveal(scene: Scene) -> None:
    """Handed in, taken back with the model's finding on the screen, and only then said."""
    scene.submits()
    scene.looks()
    proposed = scene.proposes(image_label("mass"))
    scene.withdraws()
    scene.answers(present=False)
    scene.submits()
    scene.rejects(proposed, "other")
    scene.signs()


def _found_what_the_model_missed(scene: Scene) -> None:
    scene.looks()
    _present(scene)


def _accepted_one_by_one(scene: Scene) -> None:
    said = _read(scene)
    assert said is not None
    scene.judges(said, "accepted")
    scene.signs()


READERS: list[tuple[Play, Taught, bool]] = [
    (_claimed_only, NOTHING, False),
    (_handed_in_only, NOTHING, False),
    (_given_back, NOTHING, False),
    (_sent_back, NOTHING, False),
    (_present, BLIND_PRESENT, True),
    (_absent, BLIND_ABSENT, True),
    (_drawn, Taught(1, "blind_read", 1.0, 1, places=(5.0,)), True),
    (_reader_contradicts_himself, NOTHING, False),
    (_after_the_reveal, Taught(0, "assisted_read", 1.0, 1), False),
    (_found_what_the_model_missed, Taught(1, "human_added", 1.0, 3), True),
    (_accepted_one_by_one, BLIND_PRESENT, True),
]


# --- a model's finding ------------------------------------------------------------------------------------------


def _accepted(present: bool | None, said_by_model: bool = True) -> Play:
    def play(scene: Scene) -> None:
        proposed = scene.proposes(_label(present=said_by_model))
        _read(scene, present=present)
        scene.judges(proposed, "accepted")
        scene.signs()

    return play


def _accepted_against_a_struck_answer(reason: str) -> Play:
    def play(scene: Scene) -> None:
        proposed = scene.proposes(_label())
        said = _read(scene, present=False)
        assert said is not None
        scene.judges(proposed, "accepted")
        scene.rejects(said, reason)
        scene.signs("correct")

    return play


def _accepted_box(scene: Scene) -> None:
    proposed = scene.proposes(box(scene.workitem, 30, 5, 40, 15))
    _read(scene, present=None)
    scene.judges(proposed, "accepted")
    scene.signs()


def _accepted_box_beside_a_blind_answer(scene: Scene) -> None:
    proposed = scene.proposes(box(scene.workitem, 30, 5, 40, 15))
    _read(scene)
    scene.judges(proposed, "accepted")
    scene.signs()


def _superseded(scene: Scene) -> None:
    proposed = scene.proposes(_label())
    Finding.objects.filter(pk=proposed.pk).update(superseded_at=scene.now.updated_at)
    _read(scene, present=None)
    scene.signs()


def _corrected(content: Callable[[Scene], dict[str, Any]], before: Callable[[Scene], dict[str, Any]]) -> Play:
    def play(scene: Scene) -> None:
        proposed = scene.proposes(before(scene))
        _read(scene, present=None)
        scene.judges(proposed, "corrected", corrected_content=content(scene))
        scene.signs()

    return play


def _box_at(x0: float, key: str = "nodule") -> Callable[[Scene], dict[str, Any]]:
    return lambda scene: {**box(scene.workitem, x0, 5, x0 + 10, 15), "label_key": key}


def _of(content: dict[str, Any]) -> Callable[[Scene], dict[str, Any]]:
    return lambda _scene: content


def _rejected(reason: str, *, read: bool | None = None, drawn: bool = False) -> Play:
    def play(scene: Scene) -> None:
        proposed = scene.proposes(box(scene.workitem, 30, 5, 40, 15) if drawn else _label())
        _read(scene, present=read)
        scene.rejects(proposed, reason)
        scene.signs()

    return play


def _denied_beside_the_readers(reason: str) -> Play:
    """Deny the model's finding; the reader's equal one cannot ride along, and upholding it contradicts the denial."""

    def play(scene: Scene) -> None:
        proposed = scene.proposes(_label())
        said = _read(scene)
        assert said is not None
        scene.rejects(proposed, reason)
        with pytest.raises(Conflict, match="disagree on"):
            scene.signs()
        scene.judges(said, "accepted")
        scene.signs()

    return play


ACCEPTED, NEGATIVE = Taught(1, "ai_accepted", 0.5, 1), Taught(0, "ai_rejected", 1.0, 2)
ONLY_THE_PLACE = Taught(None, "ai_rejected", 1.0, 2, rejected=(30.0,))
MODELS: list[tuple[Play, Taught, bool]] = [
    (_accepted(None), ACCEPTED, False),
    (_accepted(True), BLIND_PRESENT, True),
    (_accepted(False, said_by_model=False), BLIND_ABSENT, True),
    (_accepted_against_a_struck_answer("other"), NOTHING, False),
    (_accepted_against_a_struck_answer("not_present"), NOTHING, False),
    (_accepted_against_a_struck_answer("wrong_label"), NOTHING, False),
    (_accepted_against_a_struck_answer("poor_image"), NOTHING, False),
    (_accepted_box, Taught(1, "ai_accepted", 0.5, 1, places=(30.0,)), False),
    (_accepted_box_beside_a_blind_answer, Taught(1, "blind_read", 1.0, 1, places=(30.0,)), True),
    (_superseded, NOTHING, False),
    (_corrected(_box_at(32), _box_at(30)), Taught(1, "ai_corrected", 1.0, 1, places=(32.0,)), True),
    (_corrected(_box_at(5), _box_at(30)), Taught(1, "ai_corrected", 1.0, 1, places=(5.0,), rejected=(30.0,)), True),
    (_corrected(_of(_label(present=False)), _of(_label())), Taught(0, "ai_corrected", 1.0, 1), True),
    (_corrected(_of(image_label("mass")), _of(_label())), NEGATIVE, True),
    (_corrected(_of(_label()), _of(image_label("mass"))), Taught(1, "ai_corrected", 1.0, 1), True),
    (_rejected("not_present"), NEGATIVE, True),
    (_rejected("wrong_label"), NEGATIVE, True),
    (_rejected("wrong_place"), NOTHING, False),
    (_rejected("wrong_extent"), NOTHING, False),
    (_rejected("poor_image"), NOTHING, False),
    (_rejected("right_for_wrong_reason"), ACCEPTED, False),
    (_rejected("duplicate"), NOTHING, False),
    (_rejected("other"), NOTHING, False),
    (_rejected("not_present", drawn=True), ONLY_THE_PLACE, False),
    (_rejected("wrong_label", drawn=True), ONLY_THE_PLACE, False),
    (_rejected("wrong_place", drawn=True), ONLY_THE_PLACE, False),
    (_rejected("wrong_extent", drawn=True), NOTHING, False),
    (_rejected("poor_image", drawn=True), NOTHING, False),
    (_rejected("right_for_wrong_reason", drawn=True), Taught(1, "ai_accepted", 0.5, 1, rejected=(30.0,)), False),
    (_rejected("duplicate", drawn=True), NOTHING, False),
    (_rejected("other", drawn=True), NOTHING, False),
    # Beside a blind "present" of the reader.
    (_denied_beside_the_readers("not_present"), NOTHING, False),
    (_denied_beside_the_readers("wrong_label"), NOTHING, False),
    (_rejected("wrong_place", read=True), BLIND_PRESENT, True),
    (_rejected("wrong_extent", read=True), BLIND_PRESENT, True),
    (_rejected("poor_image", read=True), NOTHING, False),
    (_rejected("right_for_wrong_reason", read=True), BLIND_PRESENT, True),
    (_rejected("duplicate", read=True), BLIND_PRESENT, True),
    (_rejected("other", read=True), BLIND_PRESENT, True),
    (_rejected("wrong_place", read=True, drawn=True), Taught(1, "blind_read", 1.0, 1, rejected=(30.0,)), True),
    # Beside a blind "absent": the reviewer decided for the reader.
    (_rejected("not_present", read=False), NEGATIVE, True),
    (_rejected("other", read=False), BLIND_ABSENT, True),
]


def _name(value: Any) -> str:
    if callable(value):
        inner = [getattr(cell.cell_contents, "__name__", cell.cell_contents) for cell in value.__closure__ or ()]
        return "-".join(str(part) for part in (value.__qualname__.split(".")[0].strip("_"), *inner))[:60]
    return ""


@pytest.mark.parametrize(("play", "taught", "tests"), READERS + MODELS, ids=_name)
def test_an_act_teaches_what_the_table_says(
    play: Play, taught: Taught, tests: bool, project: Project, radiologist: User, reviewer: User
) -> None:
    learned, locked = played(play, project, radiologist, reviewer)
    assert learned == taught
    assert (locked.state is not None) == tests
    if tests:
        assert (locked.state, locked.provenance) == (taught.state, taught.provenance)

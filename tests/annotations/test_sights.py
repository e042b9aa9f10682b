"""What of a model was on a reader's screen, and when: a fact that is kept, not a setting that is asked later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from annotations.models import Finding, Reading, ReadingProtocol, Sight, Workitem
from annotations.services.workitems import workitem_release
from tests.factories.api import Api
from tests.factories.reading import image_label, make_label
from tests.factories.scenes import Scene, taught_by

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _the_house(project: Project, settings: Any) -> None:
    settings.OVERREAD_SPLIT_KEY = "split-key-of-the-tests"
    make_label(project)
    make_label(project, "mass")


def _protocol(project: Project, reveal: str) -> None:
    ReadingProtocol.objects.update_or_create(project=project, defaults={"reveal": reveal, "required_labels": []})


def _seen(workitem: Workitem) -> set[tuple[str, str]]:
    return set(Sight.objects.filter(reading__workitem=workitem).values_list("what", "of"))


DOORS = {
    "workitems/{case}/findings": "finding",
    "findings/{finding}": "finding",
    "findings/{finding}/revisions": "finding",
    "workitems/{case}/agreement": "answer",
    "workitems/{case}": "score",
    "workitems": "score",
    "workitems/next?mode=read": "score",
}


@pytest.mark.parametrize(("door", "what"), DOORS.items())
def test_each_door_that_gives_something_of_a_model_away_notes_it_once(
    door: str, what: str, project: Project, radiologist: User, reviewer: User
) -> None:
    _protocol(project, "always")
    scene = Scene.begun(project, radiologist, reviewer)
    proposed = scene.proposes(image_label())
    assert _seen(scene.now) == set()
    address = door.format(case=scene.workitem.pk, finding=proposed.pk)
    for _ in range(2):
        assert Api(radiologist)("GET", address)[0] == 200
    assert what in {one for one, _ in _seen(scene.now)}
    at = Sight.objects.filter(reading__workitem=scene.workitem).order_by("created_at").first()
    assert at is not None
    _, shown = Api(radiologist)("GET", f"workitems/{scene.workitem.pk}")
    assert shown["reading"]["revealed_at"] == at.created_at.isoformat().replace("+00:00", "Z")
    assert shown["reading"]["blind"] is False


def test_nothing_is_noted_while_the_protocol_hides_it_nor_of_somebody_who_does_not_read(
    project: Project, radiologist: User, reviewer: User
) -> None:
    _protocol(project, "after_own_answer")
    scene = Scene.begun(project, radiologist, reviewer)
    proposed = scene.proposes(image_label())
    doors = ("workitems/{case}/findings", "workitems/{case}", "workitems", "workitems/{case}/agreement")
    for door in doors:
        Api(radiologist)("GET", door.format(case=scene.workitem.pk))
    assert _seen(scene.now) == set()
    scene.submits()
    for door in doors:
        Api(reviewer)("GET", door.format(case=scene.workitem.pk))
    assert _seen(scene.now) == set()
    Api(radiologist)("GET", f"workitems/{scene.workitem.pk}/findings")
    assert _seen(scene.now) == {("finding", str(proposed.pk))}
    assert Reading.objects.get(workitem=scene.workitem).blind, "what comes after the own answer unblinds no answer"


def test_what_was_said_before_the_first_sight_is_blind_and_what_comes_after_is_not(
    project: Project, radiologist: User, reviewer: User
) -> None:
    _protocol(project, "always")
    scene = Scene.begun(project, radiologist, reviewer, split="test")
    scene.answers(present=True)
    proposed = scene.proposes(image_label("mass"))
    Api(radiologist)("GET", f"workitems/{scene.workitem.pk}/findings")
    scene.answers(present=False, key="mass")
    heads = {one.head.content["label_key"]: one.head for one in Finding.objects.filter(author=radiologist) if one.head}
    assert {key: head.ai_visible for key, head in heads.items()} == {"nodule": False, "mass": True}
    # Today's setting changes nothing about it, either way.
    _protocol(project, "never")
    scene.submits()
    scene.rejects(proposed, "other")
    scene.signs()
    assert (taught_by(scene).state, taught_by(scene).provenance) == (1, "blind_read")
    assert taught_by(scene, "mass").state is None, "it was said with the model's opinion on the screen"


def test_under_an_open_protocol_nothing_was_seen_where_no_model_spoke(
    project: Project, radiologist: User, reviewer: User
) -> None:
    _protocol(project, "always")
    scene = Scene.begun(project, radiologist, reviewer, split="test")
    assert scene.answers(present=True).head.ai_visible is False
    scene.submits().signs()
    assert taught_by(scene).provenance == "blind_read"


def test_who_has_seen_it_is_not_blind_when_they_take_the_case_again(
    project: Project, radiologist: User, reviewer: User
) -> None:
    _protocol(project, "always")
    scene = Scene.begun(project, radiologist, reviewer)
    scene.proposes(image_label())
    Api(radiologist)("GET", f"workitems/{scene.workitem.pk}/findings")
    workitem_release(workitem=scene.now, by=radiologist, version=scene.now.version)
    _protocol(project, "after_own_answer")
    scene.claims_again()
    assert not scene.now.reading.blind
    assert scene.answers(present=True).head.ai_visible

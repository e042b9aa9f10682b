"""A signed-off case is read a second time, blind, by somebody who has not seen what was said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from annotations.models import Glimpse, ReadingProtocol, SnapshotRequest, Step, Workitem
from annotations.services.snapshots import snapshot_preview
from annotations.services.withdrawals import reader_withdraw
from core.errors import OverreadError
from core.jobs import run_waiting_jobs
from tests.factories.api import Api
from tests.factories.reading import image_label
from tests.factories.scenes import NOTHING, Scene, rows_of, taught_by

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nodule_and_mass")]


@pytest.fixture
def ravi(project: Project, make_user: Any) -> User:
    """Somebody else who reads here."""
    return make_user("ravi", "radiologist", project)  # type: ignore[no-any-return]


def _nodded_at(project: Project, reader: User, reviewer: User) -> Scene:
    """A case of a test patient of which nobody but a model said anything, and somebody nodded."""
    scene = Scene.begun(project, reader, reviewer, split="test")
    proposed = scene.proposes(image_label())
    scene.submits()
    scene.judges(proposed, "accepted")
    return scene.signs()


def _refused(scene: Scene, *, by: User, for_: User) -> str:
    with pytest.raises(OverreadError) as refusal:
        scene.is_read_again(by=by, for_=for_)
    return refusal.value.code


def test_what_was_nodded_at_enters_the_locked_test_once_somebody_else_has_read_it_blind(
    project: Project, radiologist: User, reviewer: User, admin: User, ravi: User
) -> None:
    scene = _nodded_at(project, radiologist, reviewer)
    assert taught_by(scene) == NOTHING
    preview = snapshot_preview(project=project, question="classification", label_keys=["nodule"])
    assert preview["wants_blind_reading"] == {str(scene.workitem.pk): {"nodule": "test_nodded_at"}}
    scene.is_read_again(by=ravi, for_=admin)
    assert rows_of(project) == [], "while it is read it is not signed off"
    assert Step.objects.get(workitem=scene.workitem, kind="read_again").remark == "read it blind"
    scene.answers(present=True)
    scene.submits()
    (proposed,) = scene.now.findings.exclude(algorithm_type="MANUAL")
    with pytest.raises(OverreadError, match="1 model finding waits for a decision"):
        scene.signs()  # the nod of the first round counts no more
    scene.judges(proposed, "accepted")
    scene.signs()
    (row,) = rows_of(project)
    assert (row["split"], row["labels"]["nodule"]) == ("test", 1)
    assert row["label_provenance"]["nodule"] == "blind_read"
    preview = snapshot_preview(project=project, question="classification", label_keys=["nodule"])
    assert (preview["wants_blind_reading"], preview["counts"]["unsettled"]) == ({}, {})


def test_two_blind_readings_make_a_consensus_and_a_contradiction_waits_for_the_reviewer(
    project: Project, radiologist: User, reviewer: User, admin: User, ravi: User
) -> None:
    scene = Scene.begun(project, radiologist, reviewer, split="test")
    first = scene.answers(present=True)
    scene.submits().signs()
    scene.is_read_again(by=ravi, for_=admin)
    second = scene.answers(present=False)
    scene.submits()
    with pytest.raises(OverreadError, match="disagree on nodule"):
        scene.signs()
    scene.rejects(first, "not_present")
    scene.judges(second, "accepted")
    scene.signs("correct")
    assert (taught_by(scene).state, taught_by(scene).provenance) == (0, "human_rejected")


def test_the_second_reader_sees_nothing_of_the_first_nor_of_the_model_until_they_have_answered(
    project: Project, radiologist: User, reviewer: User, admin: User, ravi: User
) -> None:
    ReadingProtocol.objects.update(reveal="always")
    scene = Scene.begun(project, radiologist, reviewer, split="test")
    scene.answers(present=True)
    proposed = scene.proposes(image_label("mass"))
    Api(radiologist)("POST", f"workitems/{scene.workitem.pk}/comments", {"text": "a nodule, upper left"})
    scene.submits()
    scene.judges(proposed, "accepted")
    scene.signs()
    scene.is_read_again(by=ravi, for_=admin)
    address, asked = f"workitems/{scene.workitem.pk}", Api(ravi)
    assert asked("GET", f"{address}/findings") == (200, [])
    assert asked("GET", f"{address}/comments") == (200, [])
    assert "nodule" not in str(asked("GET", f"{address}/agreement")[1])
    shown = asked("GET", address)[1]
    assert (shown["ai_score"], shown["finding_counts"], shown["remark"]) == (None, {"own": 0, "ai": 0, "open": 0}, "")
    assert shown["reading"]["blind"] is True, "whatever the protocol reveals to a first reader"
    assert not any(step["remark"] for step in asked("GET", f"{address}/history")[1]["steps"])
    scene.answers(present=True)
    scene.submits()
    assert len(asked("GET", f"{address}/findings")[1]) == 2, "one's own answer, and the model's"
    assert [one["text"] for one in asked("GET", f"{address}/comments")[1]] == ["a nodule, upper left"]


def test_nobody_reads_again_what_they_read_or_were_shown(
    project: Project, radiologist: User, reviewer: User, admin: User, ravi: User, make_user: Any
) -> None:
    scene = _nodded_at(project, radiologist, reviewer)
    read = Scene.begun(project, radiologist, reviewer, split="test")
    read.answers(present=True)
    read.submits().signs()
    Api(ravi)("GET", "workitems")
    assert not Glimpse.objects.filter(person=ravi).exists(), "a list tells nothing of what somebody else signed"
    Api(ravi)("GET", f"workitems/{scene.workitem.pk}/findings")
    Api(ravi)("GET", f"workitems/{read.workitem.pk}/findings")
    seen = {(row.workitem_id, row.what) for row in Glimpse.objects.filter(person=ravi)}
    assert seen == {(scene.workitem.pk, "model"), (read.workitem.pk, "reading")}
    assert _refused(scene, by=radiologist, for_=admin) == "second_reader_read_it"
    assert _refused(scene, by=ravi, for_=admin) == "second_reader_saw_model"
    assert _refused(read, by=ravi, for_=admin) == "second_reader_saw_reading"
    assert _refused(scene, by=make_user("eve", "radiologist"), for_=admin) == "reader_cannot_read"
    assert {one.state for one in Workitem.objects.all()} == {"accepted"}
    body = {"reader": str(ravi.pk), "reason": "read it blind"}
    status, refusal = Api(admin)("POST", f"workitems/{scene.workitem.pk}/read-again", body, match=scene.now.version)
    assert (status, refusal["code"]) == (409, "second_reader_saw_model")
    status, refusal = Api(reviewer)("POST", f"workitems/{scene.workitem.pk}/read-again", body, match=scene.now.version)
    assert status == 403


def test_a_case_from_before_such_things_were_kept_is_read_again_by_somebody_who_came_later(
    project: Project, radiologist: User, reviewer: User, admin: User, ravi: User, make_user: Any
) -> None:
    scene = _nodded_at(project, radiologist, reviewer)
    Glimpse.objects.create(workitem=scene.workitem, what="before")
    assert _refused(scene, by=ravi, for_=admin) == "second_reader_saw_model"
    scene.is_read_again(by=make_user("late", "radiologist", project), for_=admin)
    assert scene.now.state == "claimed"


def test_a_second_reading_that_is_given_up_leaves_the_first_to_the_reviewer(
    project: Project, radiologist: User, reviewer: User, admin: User, ravi: User
) -> None:
    scene = Scene.begun(project, radiologist, reviewer, split="test")
    scene.answers(present=True)
    scene.submits().signs()
    scene.is_read_again(by=ravi, for_=admin)
    assert Api(radiologist)("GET", "workitems/next?mode=read") == (204, None), "it is nothing of the first reader's"
    assert Api(ravi)("GET", "workitems/next?mode=read")[1]["id"] == str(scene.workitem.pk)
    scene.answers(present=False)
    status, shown = Api(ravi)("POST", f"workitems/{scene.workitem.pk}/release", match=scene.now.version)
    assert (status, shown["state"], shown["reader"]["id"]) == (200, "submitted", str(radiologist.pk))
    scene.signs()
    assert taught_by(scene).state == 1


def test_the_first_reader_does_not_review_the_second_reading(
    project: Project, reviewer: User, admin: User, ravi: User, make_user: Any
) -> None:
    lea = make_user("lea", "reviewer", project)
    scene = Scene.begun(project, lea, reviewer, split="test")
    scene.answers(present=True)
    scene.submits().signs()
    scene.is_read_again(by=ravi, for_=admin).submits()
    shown = Api(lea)("GET", f"workitems/{scene.workitem.pk}")[1]
    assert (shown["may"]["decide"], shown["why_not"]["decide"]["code"]) == (False, "own_work")
    assert shown["may"]["edit"] is False
    scene.signs()
    assert scene.now.state == "accepted", "nothing of either reading was changed"
    reader_withdraw(reader=lea, by=admin, withdrawn=True, reason="left")
    assert taught_by(scene) == NOTHING, "a case goes when any of its readers is withdrawn"


def test_the_admin_is_told_which_cases_lack_a_blind_reading_and_who_could_give_it(
    project: Project, radiologist: User, reviewer: User, admin: User, ravi: User
) -> None:
    scene = _nodded_at(project, radiologist, reviewer)
    Api(reviewer)("GET", f"workitems/{scene.workitem.pk}/findings")
    body = {"question": "classification", "label_keys": ["nodule"]}
    request = Api(admin)("POST", f"projects/{project.slug}/snapshots/preview", body)[1]
    run_waiting_jobs()
    assert SnapshotRequest.objects.get(pk=request["id"]).result is not None
    assert Api(admin)("GET", f"snapshot-requests/{request['id']}")[1]["preview"]["wants_blind_reading"] == 1
    status, shown = Api(admin)("GET", f"snapshot-requests/{request['id']}/blind-readings")
    assert (status, shown["count"]) == (200, 1)
    (case,) = shown["cases"]
    assert (case["id"], case["why"]) == (str(scene.workitem.pk), {"nodule": "test_nodded_at"})
    assert str(ravi.pk) in {one["id"] for one in shown["people"]}
    assert case["refused"] == {
        str(radiologist.pk): "second_reader_read_it", str(reviewer.pk): "second_reader_saw_model",
    }  # fmt: skip
    scene.is_read_again(by=ravi, for_=admin)
    assert Api(admin)("GET", f"snapshot-requests/{request['id']}/blind-readings")[1]["count"] == 0
    assert Api(reviewer)("GET", f"snapshot-requests/{request['id']}/blind-readings")[0] == 403

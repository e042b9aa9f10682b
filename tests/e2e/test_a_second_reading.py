"""What was only nodded at is given to a second reader, read blind by keys, and then stands in the locked test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from annotations.dataset.split import patient_key, split_of
from annotations.models import DatasetSnapshot, Reading, ReadingProtocol
from annotations.services.revisions import Proposal, finding_create, proposals_record
from annotations.services.workitems import workitem_claim, workitem_open
from core import blobs
from core.jobs import run_waiting_jobs
from imaging.models import Patient
from tests.annotations.test_snapshots import _sign
from tests.e2e.bench import need_the_front_end, reader_at
from tests.e2e.hand import Hand
from tests.e2e.test_every_page_is_accessible import violations
from tests.factories.api import Api
from tests.factories.reading import image_label
from tests.factories.scenes import Scene
from tests.inference.planted_archive import make_family, plant

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from annotations.models import Workitem
    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def _case(project: Project, number: int, split: str) -> Workitem:
    """Put the image of a patient of ``split`` on the worklist; every second one shows a bright square."""
    study = plant(project, number, bright=number % 2 == 0).study
    name = study.patient.patient_id
    while split_of(patient_key(Patient(patient_id=name))) != split:
        name += "x"
    Patient.objects.filter(pk=study.patient_id).update(patient_id=name)
    return workitem_open(project=project, study=study)


def _read_blind(project: Project, reader: User, reviewer: User, number: int, split: str) -> None:
    workitem = _case(project, number, split)
    workitem = workitem_claim(workitem=workitem, by=reader, version=workitem.version)
    finding_create(workitem=workitem, author=reader, content=image_label("square", present=number % 2 == 0))
    _sign(workitem, reviewer)


def _nodded_at(project: Project, reader: User, reviewer: User, number: int) -> Scene:
    workitem = _case(project, number, "test")
    workitem = workitem_claim(workitem=workitem, by=reader, version=workitem.version)
    scene = Scene(workitem, reader, reviewer)
    said = Proposal("image_label", "square", image_label("square"), 0.9, "chest", "1", "p", threshold=0.5)
    (proposed,) = proposals_record(workitem=scene.now, proposals=[said], ai_score=0.9, looked_for=["square"])
    scene.submits()
    scene.judges(proposed, "accepted")
    return scene.signs()


def _takes_the_only_one(page: Page) -> None:
    """Take by keys what is left of a list, once the list shows what was typed."""
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.locator('[role="option"][data-combobox-selected]')).to_have_count(1)
    page.keyboard.press("Enter")


def _row(snapshot: DatasetSnapshot, scene: Scene) -> list[dict[str, Any]]:
    rows = map(json.loads, blobs.get(snapshot.manifest_digest).splitlines())
    return [row for row in rows if row["study_instance_uid"] == scene.now.study.study_instance_uid]


def test_a_nodded_case_is_read_again_blind_by_keys_and_is_frozen_into_the_locked_test(
    project: Project, radiologist: User, reviewer: User, admin: User, make_user: Any, server_url: str
) -> None:
    need_the_front_end()
    make_family(project, admin)
    ReadingProtocol.objects.create(project=project, required_labels=[])
    ravi, seen = make_user("ravi", "radiologist", project), make_user("seen", "radiologist", project)
    for number, split in enumerate(("train", "train", "validation", "validation", "test", "test")):
        _read_blind(project, radiologist, reviewer, 3000 + number, split)
    scene, other = (_nodded_at(project, radiologist, reviewer, 3100 + 2 * number) for number in range(2))
    Api(seen)("GET", f"workitems/{scene.workitem.pk}/findings")
    with reader_at(server_url, admin) as desk:
        page = desk.page
        page.set_viewport_size({"width": 1366, "height": 768})
        page.goto(f"{server_url}/datasets?project={project.slug}")
        expect(page.get_by_test_id("request-running")).to_be_visible()
        run_waiting_jobs()
        expect(page.get_by_test_id("test-gap-square")).to_contain_text("2 were only nodded at")
        page.get_by_test_id("test-gap").scroll_into_view_if_needed()
        desk.picture("read-again-offered")
        page.get_by_test_id("read-again-open").focus()
        page.keyboard.press("Enter")
        cases = page.get_by_test_id("second-case")
        expect(cases).to_have_count(2)
        expect(page.get_by_test_id("second-reader")).to_be_focused()
        # Somebody who has seen the model's opinion of one of them is offered the other only, and told why.
        page.keyboard.type("seen")
        _takes_the_only_one(page)
        expect(page.get_by_test_id("second-refused")).to_have_text("Seen has seen the model’s opinion")
        expect(page.get_by_test_id("second-count")).to_have_value("1")
        desk.picture("read-again-refused")
        assert violations(desk) == []
        page.get_by_test_id("second-reader").fill("ravi")
        _takes_the_only_one(page)
        expect(page.get_by_test_id("second-count")).to_have_value("2")
        page.keyboard.press("Tab")
        page.keyboard.press("Control+a")
        page.keyboard.type("1")
        expect(page.get_by_test_id("second-give")).to_be_disabled()
        page.get_by_test_id("second-reason").focus()
        page.keyboard.type("Nobody has read it blind.")
        expect(page.get_by_test_id("second-give")).to_have_text("Have 1 case read again")
        desk.picture("read-again-dialog")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(cases).to_have_count(0)
    assert (scene.now.state, other.now.state) == ("claimed", "accepted")
    second = Reading.objects.get(workitem=scene.workitem, reader=ravi)
    assert (second.blind, second.state) == (True, "claimed")

    with reader_at(server_url, ravi) as desk:
        hand = Hand(desk, scene.workitem, mode="read")
        expect(desk.page.get_by_test_id("finding-row")).to_have_count(0)
        hand.answers("square", present=True)
        hand.ends("submitted")
    with reader_at(server_url, reviewer) as desk:
        hand = Hand(desk, scene.workitem, mode="review")
        (proposed,) = scene.now.findings.exclude(algorithm_type="MANUAL")
        hand.decides(proposed, "a", "accepted")
        desk.picture("read-again-review")
        hand.ends("accepted")
        desk.page.get_by_role("tab", name="History").click()
        desk.page.get_by_role("button", name="Whole case").click()
        expect(desk.page.locator('[data-testid="case-step"][data-kind="read_again"]')).to_contain_text(
            "to be read again, blind, by Ravi"
        )
        blindness = desk.page.get_by_test_id("reading-blindness")
        expect(blindness).to_have_count(2)
        expect(blindness.filter(has_text="Ravi")).to_contain_text("on the screen only after the answer, from")
        desk.picture("read-again-history")
    with reader_at(server_url, admin) as desk:
        page = desk.page
        page.goto(f"{server_url}/datasets?project={project.slug}")
        expect(page.get_by_test_id("request-running")).to_be_visible()
        run_waiting_jobs()
        expect(page.get_by_test_id("test-gap-square")).to_contain_text("1 was only nodded at")
        page.get_by_test_id("freeze-name").fill("After the second reading")
        page.keyboard.press("Enter")
        expect(page.locator('[data-testid="request-running"][data-kind="freeze"]')).to_be_visible()
        run_waiting_jobs()
        page.get_by_test_id("snapshot-detail").wait_for()
    snapshot = DatasetSnapshot.objects.get(name="After the second reading")
    (row,) = _row(snapshot, scene)
    assert (row["split"], row["labels"]["square"], row["label_provenance"]["square"]) == ("test", 1, "blind_read")
    assert _row(snapshot, other) == []


def test_where_one_case_is_refused_midway_the_page_says_which_were_given_and_which_were_not(
    project: Project, radiologist: User, reviewer: User, admin: User, make_user: Any, server_url: str
) -> None:
    need_the_front_end()
    make_family(project, admin)
    ReadingProtocol.objects.create(project=project, required_labels=[])
    ravi = make_user("ravi", "radiologist", project)
    scenes = [_nodded_at(project, radiologist, reviewer, 3100 + 2 * number) for number in range(3)]
    with reader_at(server_url, admin) as desk:
        page = desk.page
        page.set_viewport_size({"width": 1366, "height": 768})
        page.goto(f"{server_url}/datasets?project={project.slug}")
        expect(page.get_by_test_id("request-running")).to_be_visible()
        run_waiting_jobs()
        page.get_by_test_id("read-again-open").click()
        cases = page.get_by_test_id("second-case")
        expect(cases).to_have_count(3)
        names = [line.locator("td").nth(1).inner_text() for line in cases.all()]
        by_name = {scene.now.study.patient.patient_id: scene for scene in scenes}
        page.get_by_test_id("second-reader").fill("ravi")
        _takes_the_only_one(page)
        page.get_by_test_id("second-reason").fill("Nobody has read it blind.")
        # Meanwhile the second reader looks at the second of them.
        Api(ravi)("GET", f"workitems/{by_name[names[1]].workitem.pk}/findings")
        page.get_by_test_id("second-give").click()
        told = page.get_by_test_id("second-halfway")
        expect(told).to_contain_text(f"Given to Ravi: {names[0]}.")
        expect(told).to_contain_text(f"Refused: {names[1]}.")
        expect(told).to_contain_text(f"Not tried after that: {names[2]}.")
        expect(cases).to_have_count(2)
        expect(page.get_by_test_id("second-give")).to_have_text("Have 1 case read again")
        desk.picture("read-again-halfway")
        assert violations(desk) == []
    assert [by_name[name].now.state for name in names] == ["claimed", "accepted", "accepted"]

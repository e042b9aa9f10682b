"""Every act of reader and reviewer, done by keys, is found in the dataset, the training and the report as it is taught.

What each act must teach is written down here a second time, apart from the house's own table.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from playwright.sync_api import expect

from annotations.dataset.split import patient_key, split_of
from annotations.models import DatasetSnapshot, Finding, Label, ReadingProtocol, Workitem
from annotations.services.revisions import Proposal, finding_create, proposals_record
from annotations.services.sign_off import workitem_decide
from annotations.services.snapshots import snapshot_freeze
from annotations.services.workitems import workitem_claim, workitem_open, workitem_submit
from core import blobs
from imaging.models import Patient
from inference.models import EvaluationReport, ModelVersion
from inference.services.training import training_request
from tests.e2e.bench import need_the_front_end, reader_at
from tests.e2e.hand import Hand
from tests.factories.api import Api
from tests.factories.reading import box, image_label
from tests.inference.planted_archive import CONFIG, make_family, plant

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.models import Project, User
    from inference.models import ModelFamily
    from tests.browser import Desk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
#: Each label stands for one act in the first case; the square is what is learned.
ACTS = (
    *("against", "contested", "denied", "duplicated", "echoed", "elsewhere", "overturned"),
    *("unread_accepted", "unread_added", "unread_moved", "unread_other"),
)
SQUARE = "square"
#: The reasons of the dialog, by the number that is pressed.
NOT_THERE, WRONG_PLACE, RIGHT_BUT_ELSEWHERE, TWICE, OTHER = "1", "3", "6", "7", "8"


class Taught(NamedTuple):
    """What a row of the dataset must say of one label."""

    state: int | None
    provenance: str | None
    weight: float | None
    places: int = 0
    rejected: int = 0


NOTHING = Taught(None, None, None)
#: The first case, label by label; what a study lead reads in docs/what-teaches.md.
FIRST_CASE = {
    SQUARE: Taught(1, "blind_read", 1.0),
    # Drawn by the reviewer, and no model had seen it.
    "unread_added": Taught(1, "human_added", 1.0, places=1),
    # The reader's blind "absent", struck, and only a nod to the model's "present": they contradict each other.
    "against": NOTHING,
    "unread_accepted": Taught(1, "ai_accepted", 0.5),
    # The model said the same as a blind reader: the nod adds nothing.
    "echoed": Taught(1, "blind_read", 1.0),
    # Right answer, wrong place: the answer is the reader's, the place is where it is not.
    "elsewhere": Taught(1, "blind_read", 1.0, places=0, rejected=1),
    "unread_moved": Taught(1, "ai_corrected", 1.0, places=1),
    "denied": Taught(0, "human_rejected", 1.5),
    "unread_other": NOTHING,
    "overturned": Taught(0, "human_rejected", 1.5),
    "duplicated": Taught(1, "blind_read", 1.0),
    "contested": Taught(0, "ai_rejected", 1.0),
}


class _Room:
    """A project with its people and its cases."""

    def __init__(self, project: Project, reader: User, reviewer: User) -> None:
        self.project, self.reader, self.reviewer = project, reader, reviewer
        self._numbers = iter(range(2000, 3000, 2))

    def case(self, split: str, *, bright: bool = True) -> Workitem:
        """Put the image of a patient of ``split`` on the worklist."""
        planted = plant(self.project, next(self._numbers) + (not bright), bright=bright)
        patient = planted.study.patient
        while split_of(patient_key(patient)) != split:
            patient.patient_id += "x"
        Patient.objects.filter(pk=patient.pk).update(patient_id=patient.patient_id)
        return workitem_open(project=self.project, study=planted.study)

    def read_blind(self, split: str, count: int) -> list[Workitem]:
        """Let the reader answer every label in cases that no model has seen, and the reviewer sign them."""
        return [self._signed(self.case(split, bright=number % 2 == 0), number % 2 == 0) for number in range(count)]

    def _signed(self, workitem: Workitem, present: bool) -> Workitem:
        workitem = workitem_claim(workitem=workitem, by=self.reader, version=workitem.version)
        for key in (SQUARE, *ACTS):
            finding_create(workitem=workitem, author=self.reader, content=image_label(key, present=present))
        workitem = workitem_submit(workitem=workitem, by=self.reader, version=_version(workitem))
        return workitem_decide(workitem=workitem, by=self.reviewer, version=workitem.version, event="accept")


def _version(workitem: Workitem) -> int:
    return Workitem.objects.get(pk=workitem.pk).version


def _proposed(workitem: Workitem, *contents: dict[str, Any]) -> list[Finding]:
    """Let a model say this of a case; it looks for one thing more, and finds none."""
    proposals = [
        Proposal(one["kind"], one["label_key"], one, 0.9, "chest", "1", f"{one['label_key']}{number}", threshold=0.5)
        for number, one in enumerate(contents)
    ]
    return proposals_record(workitem=workitem, proposals=proposals, ai_score=0.9, looked_for=["unread_added"])


@pytest.fixture
def room(project: Project, radiologist: User, reviewer: User) -> _Room:
    need_the_front_end()
    ReadingProtocol.objects.create(project=project, required_labels=[])
    return _Room(project, radiologist, reviewer)


def _labels(project: Project) -> None:
    for key in ACTS:
        Label.objects.create(
            project=project, key=key, code_value=key, coding_scheme_designator="99TEST", code_meaning=key.title(),
            uses=["image", "region"], color="#ff8800",
        )  # fmt: skip


def _read_first_case(page_of_reader: Desk, case: Workitem) -> None:
    """The reader answers blind, and hands in."""
    hand = Hand(page_of_reader, case, mode="read")
    for key, present in (
        (SQUARE, True), ("against", False), ("echoed", True), ("elsewhere", True), ("denied", True),
        ("overturned", True), ("duplicated", True), ("contested", False),
    ):  # fmt: skip
        hand.answers(key, present=present)
    hand.ends("submitted")


def test_each_act_by_keys_is_frozen_trained_on_and_judged_as_it_is_taught(
    room: _Room, admin: User, make_user: Callable[..., User], server_url: str, run_jobs: Callable[[], int]
) -> None:
    family = make_family(room.project, admin)
    _labels(room.project)
    first, given_back, reopened, locked = (room.case(split) for split in ("train", "train", "train", "test"))
    boxes = [
        box(first, 4 + 3 * n, 4, 12 + 3 * n, 12, label_key=key) for n, key in enumerate(("elsewhere", "unread_moved"))
    ]
    labels = [
        image_label(key) for key in ("against", "unread_accepted", "echoed", "unread_other", "duplicated", "contested")
    ]
    elsewhere, moved, against, alone, echoed, silent, twin, upheld = _proposed(first, *boxes, *labels)
    (nodded,) = _proposed(locked, image_label("unread_accepted"))

    with reader_at(server_url, room.reader) as desk:
        _read_first_case(desk, first)
        _given_back_by(desk, given_back)
        for case in (reopened, locked):
            hand = Hand(desk, case, mode="read")
            hand.answers(SQUARE, present=True)
            hand.ends("submitted")
    said = {one.head.content["label_key"]: one for one in _people_on(first) if one.head}

    with reader_at(server_url, room.reviewer) as desk:
        hand = Hand(desk, first, mode="review")
        hand.decides(against, "a", "accepted")
        hand.decides(said["against"], "x", "rejected", NOT_THERE)
        hand.decides(alone, "a", "accepted")
        hand.decides(echoed, "a", "accepted")
        hand.decides(elsewhere, "x", "rejected", RIGHT_BUT_ELSEWHERE)
        hand.decides(twin, "x", "rejected", TWICE)
        hand.decides(upheld, "x", "rejected", NOT_THERE)
        hand.decides(said["denied"], "x", "rejected", NOT_THERE)
        _reject_in_words(hand, silent)
        hand.goes_to(said["overturned"])
        hand.page.keyboard.press("c")
        hand.answers("overturned", present=False)
        hand.page.keyboard.press("Enter")
        expect(hand.row(said["overturned"])).to_have_attribute("data-decision", "corrected")
        _move_by_hand(hand, moved)
        added = _add_by_hand(hand, "unread_added")
        hand.ends("corrected")
        hand = Hand(desk, reopened, mode="review")
        hand.ends("accepted", "corrected")
        hand = Hand(desk, locked, mode="review")
        hand.decides(nodded, "a", "accepted")
        hand.ends("accepted", "corrected")
    Api(admin)("POST", f"workitems/{reopened.pk}/reopen", {"reason": "look again"}, match=_version(reopened))
    _other_reader(given_back, room.reviewer, make_user("second-rev", "reviewer", room.project))

    for split, count in (("train", 8), ("validation", 8), ("test", 24)):
        room.read_blind(split, count)
    snapshot = _frozen(room.project, admin)
    rows = {row["study_instance_uid"]: row for row in map(json.loads, blobs.get(snapshot.manifest_digest).splitlines())}
    row = rows[first.study.study_instance_uid]
    assert {key: _taught(row, key) for key in FIRST_CASE} == FIRST_CASE
    assert _digests(row["rejected_regions"]) == {_head(elsewhere)}
    assert _digests(row["regions"]) == {_head(moved), _head(added)}
    # What was given back taught nothing; the second reader's own word is there.
    assert _taught(rows[given_back.study.study_instance_uid], SQUARE) == Taught(0, "blind_read", 1.0)
    assert reopened.study.study_instance_uid not in rows, "opened again, and not signed since"
    test_row = rows[locked.study.study_instance_uid]
    assert test_row["split"] == "test"
    assert _taught(test_row, SQUARE) == Taught(1, "blind_read", 1.0)
    assert _taught(test_row, "unread_accepted").state is None, "what was only nodded at is no locked truth"

    version = _trained(family, snapshot, admin, run_jobs)
    report = EvaluationReport.objects.get(version=version)
    outputs = json.loads(zlib.decompress(blobs.get(report.outputs_digest)))["version"]
    truth = {one["case_id"].split("/")[0]: one["truth"][SQUARE] for one in outputs}
    assert truth == {row["sop_instance_uid"]: row["labels"][SQUARE] for row in rows.values() if row["split"] == "test"}
    figures = report.report["labels"][SQUARE]
    assert (figures["positives"], figures["negatives"]) == (13, 12)


def _taught(row: dict[str, Any], key: str) -> Taught:
    def count(regions: list[dict[str, Any]]) -> int:
        return sum(one["label_key"] == key for one in regions)

    places, rejected = count(row["regions"]), count(row["rejected_regions"])
    named, weighs = row["label_provenance"].get(key), row["label_weights"].get(key)
    return Taught(row["labels"][key], named, weighs, places, rejected)


def _people_on(workitem: Workitem) -> list[Finding]:
    return list(Finding.objects.filter(workitem=workitem, algorithm_type="MANUAL").select_related("head"))


def _given_back_by(desk: Desk, case: Workitem) -> None:
    """Say something, and give the case back with the palette."""
    hand = Hand(desk, case, mode="read")
    hand.answers(SQUARE, present=True)
    expect(hand.page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved")
    hand.page.keyboard.press("Control+k")
    hand.page.get_by_role("dialog").get_by_role("textbox").fill("Give this case back")
    hand.page.keyboard.press("Enter")
    expect(hand.page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "open")


def _other_reader(case: Workitem, reader: User, reviewer: User) -> None:
    """Let somebody else read what was given back, and a third person sign it."""
    workitem = workitem_claim(workitem=case, by=reader, version=_version(case))
    finding_create(workitem=workitem, author=reader, content=image_label(SQUARE, present=False))
    workitem = workitem_submit(workitem=workitem, by=reader, version=_version(workitem))
    workitem_decide(workitem=workitem, by=reviewer, version=workitem.version, event="accept")


def _reject_in_words(hand: Hand, finding: Finding) -> None:
    """Reject for another reason, which has to be said."""
    hand.goes_to(finding)
    hand.page.keyboard.press("x")
    hand.page.get_by_test_id("reject-remark").fill("Not asked about here.")
    hand.page.get_by_test_id("reject-other").click()
    expect(hand.row(finding)).to_have_attribute("data-decision", "rejected")


def _move_by_hand(hand: Hand, finding: Finding) -> None:
    """Correct a box by dragging it three pixels down; it began at (7, 4)."""
    hand.goes_to(finding)
    hand.page.keyboard.press("c")
    hand.drags((11, 4), (11, 7))
    hand.page.keyboard.press("Enter")
    expect(hand.row(finding)).to_have_attribute("data-decision", "corrected")


def _add_by_hand(hand: Hand, key: str) -> Finding:
    """Draw a box that the reader and the model missed."""
    hand.page.get_by_test_id(f"draw-label-{key}").click()
    hand.page.keyboard.press("r")
    hand.drags((30, 20), (38, 28))
    expect(hand.page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved")
    return Finding.objects.get(workitem=hand.workitem, algorithm_type="MANUAL", kind="rectangle")


def _head(finding: Finding) -> str:
    head = Finding.objects.select_related("head").get(pk=finding.pk).head
    assert head is not None
    return head.digest


def _digests(regions: list[dict[str, Any]]) -> set[str]:
    return {one["revision_digest"] for one in regions}


def _frozen(project: Project, admin: User) -> DatasetSnapshot:
    keys = [SQUARE, *ACTS]
    return snapshot_freeze(project=project, name="every act", question="classification", label_keys=keys, by=admin)


def _trained(family: ModelFamily, snapshot: DatasetSnapshot, admin: User, run_jobs: Callable[[], int]) -> ModelVersion:
    run = training_request(family=family, snapshot=snapshot, chosen=CONFIG, reason="every act", requested_by=admin)
    run_jobs()
    return ModelVersion.objects.get(training_run=run)

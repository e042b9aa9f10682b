"""Findings are appended to, never overwritten: autosave, conflicts, idempotency, deletion and restore."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from annotations.content.revision_json import whole_content
from annotations.models import Finding, Revision, Workitem
from annotations.services.revisions import (
    Proposal,
    finding_create,
    finding_delete,
    proposals_record,
    revision_append,
    revision_restore,
)
from annotations.services.workitems import workitem_submit
from core.digest import digest_of
from core.errors import Conflict, Forbidden, OverreadError, PreconditionFailed, PreconditionRequired
from core.models import AuditEvent, Event, Project, User
from tests.factories.reading import box, image_label, make_label, make_workitem, painted

pytestmark = pytest.mark.django_db


@pytest.fixture
def workitem(project: Project, radiologist: User) -> Workitem:
    make_label(project)
    return make_workitem(project, radiologist)


def _append(finding: Finding, author: User, content: Any, match: str | None, **more: Any) -> Revision:
    return revision_append(finding=finding, author=author, content=content, if_match=match, **more)


def test_each_save_is_a_row_that_names_the_one_before(workitem: Workitem, radiologist: User) -> None:
    finding = finding_create(workitem=workitem, author=radiologist, content=box(workitem))
    first = finding.head
    second = _append(finding, radiologist, box(workitem, x1=20), first.digest)
    assert (second.number, second.parent, second.cause) == (2, first, "edit")
    assert second.digest == digest_of({"content": second.content, "mask": "", "parent": first.digest})
    assert Revision.objects.get(pk=first.pk).content == first.content
    assert Finding.objects.get(pk=finding.pk).head == second


def test_a_revision_cannot_be_changed_even_past_the_services(workitem: Workitem, radiologist: User) -> None:
    revision = finding_create(workitem=workitem, author=radiologist, content=box(workitem)).head
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Revision.objects.filter(pk=revision.pk).update(cause="merge")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Revision.objects.filter(pk=revision.pk).update(digest="0" * 64)


def test_saying_the_same_again_makes_no_row(workitem: Workitem, radiologist: User) -> None:
    finding = finding_create(workitem=workitem, author=radiologist, content=box(workitem))
    assert _append(finding, radiologist, box(workitem), finding.head.digest) == finding.head
    mask = finding_create(workitem=workitem, author=radiologist, content=painted(workitem, [3, 4]))
    assert _append(mask, radiologist, painted(workitem, [3, 4]), mask.head.digest) == mask.head
    assert _append(mask, radiologist, painted(workitem, [3, 5]), mask.head.digest).number == 2


def test_the_same_client_key_returns_the_row_it_made(workitem: Workitem, radiologist: User) -> None:
    finding = finding_create(workitem=workitem, author=radiologist, content=box(workitem), client_key="k1")
    again = finding_create(workitem=workitem, author=radiologist, content=box(workitem, x1=30), client_key="k1")
    assert again == finding
    assert workitem.findings.count() == 1
    saved = _append(finding, radiologist, box(workitem, x1=20), finding.head.digest, client_key="k2")
    repeated = _append(finding, radiologist, box(workitem, x1=20), finding.head.digest, client_key="k2")
    assert repeated == saved, "a retry after a lost answer is not a conflict"
    assert finding.revisions.count() == 2


def test_a_save_without_if_match_is_refused(workitem: Workitem, radiologist: User) -> None:
    finding = finding_create(workitem=workitem, author=radiologist, content=box(workitem))
    with pytest.raises(PreconditionRequired):
        _append(finding, radiologist, box(workitem, x1=9), None)


def test_a_conflict_hands_over_the_head_and_both_versions_can_be_kept_or_merged(
    workitem: Workitem, radiologist: User
) -> None:
    finding = finding_create(workitem=workitem, author=radiologist, content=box(workitem))
    start = finding.head.digest
    theirs = _append(finding, radiologist, box(workitem, name="from the other tab"), start)
    mine = box(workitem, x1=25)
    with pytest.raises(PreconditionFailed) as refused:
        _append(finding, radiologist, mine, start)
    head = refused.value.detail["head"]
    assert head["digest"] == theirs.digest
    assert head["content"]["name"] == "from the other tab"
    merged = _append(finding, radiologist, {**mine, "name": head["content"]["name"]}, head["digest"], cause="merge")
    assert (merged.parent, merged.cause) == (theirs, "merge")
    names = [row.content["name"] for row in finding.revisions.order_by("number")]
    assert names == ["", "from the other tab", "from the other tab"]


def test_deleting_keeps_everything_and_restoring_says_it_again(workitem: Workitem, radiologist: User) -> None:
    finding = finding_create(workitem=workitem, author=radiologist, content=painted(workitem, [10, 5]))
    first = finding.head
    gone = finding_delete(finding=finding, author=radiologist, if_match=first.digest)
    assert Finding.objects.get(pk=finding.pk).deleted
    back = revision_restore(finding=finding, author=radiologist, revision=first, if_match=gone.digest)
    assert not Finding.objects.get(pk=finding.pk).deleted
    assert (back.number, back.cause) == (3, "restore")
    assert whole_content(back)["mask"]["frames"][0]["runs"] == [10, 5]


def test_an_image_label_is_said_once_and_replaced_only_by_who_has_seen_it(
    workitem: Workitem, radiologist: User
) -> None:
    said = finding_create(workitem=workitem, author=radiologist, content=image_label(present=True))
    assert finding_create(workitem=workitem, author=radiologist, content=image_label(present=True)) == said
    for seen in (None, "f" * 64):
        with pytest.raises(PreconditionFailed) as refused:
            finding_create(workitem=workitem, author=radiologist, content=image_label(present=False), if_match=seen)
        assert refused.value.code == "revision_outdated"
        assert refused.value.detail["finding_id"] == str(said.pk)
        assert refused.value.detail["head"]["content"]["present"] is True
    assert [row.content["present"] for row in said.revisions.all()] == [True]
    again = finding_create(
        workitem=workitem, author=radiologist, content=image_label(present=False), if_match=said.head.digest
    )
    assert again == said
    assert [row.content["present"] for row in again.revisions.order_by("number")] == [True, False]


def test_an_answer_that_was_taken_back_stands_in_nobodys_way(workitem: Workitem, radiologist: User) -> None:
    said = finding_create(workitem=workitem, author=radiologist, content=image_label(present=True))
    finding_delete(finding=said, author=radiologist, if_match=said.head.digest)
    again = finding_create(workitem=workitem, author=radiologist, content=image_label(present=False))
    assert again == said
    assert [row.cause for row in again.revisions.order_by("number")] == ["edit", "delete", "restore"]
    assert Finding.objects.get(pk=said.pk).head.content["present"] is False


def test_only_the_reader_writes_and_only_while_reading(
    workitem: Workitem, radiologist: User, reviewer: User, admin: User
) -> None:
    finding = finding_create(workitem=workitem, author=radiologist, content=box(workitem))
    for somebody in (reviewer, admin):
        with pytest.raises(Forbidden):
            _append(finding, somebody, box(workitem, x1=9), finding.head.digest)
        with pytest.raises(Forbidden):
            finding_create(workitem=workitem, author=somebody, content=box(workitem))
    workitem_submit(workitem=workitem, by=radiologist, version=workitem.version, nothing_found=True)
    with pytest.raises(Conflict) as refused:
        _append(finding, radiologist, box(workitem, x1=9), finding.head.digest)
    assert refused.value.code == "workitem_not_claimed"


def test_proposing_twice_is_once_and_the_event_does_not_tell_how_many(workitem: Workitem, radiologist: User) -> None:
    make_label(workitem.project, "mass")

    def told(keys: list[str]) -> list[tuple[str, str]]:
        before = set(Event.objects.values_list("pk", flat=True))
        proposals = [Proposal("image_label", "nodule", {}, 0.8, "chest", "1", key, threshold=0.5) for key in keys]
        findings = proposals_record(workitem=workitem, proposals=proposals, ai_score=0.8)
        assert [finding.proposal_key for finding in findings] == keys
        return [(event.kind, event.object_id) for event in Event.objects.exclude(pk__in=before)]

    assert told([]) == told(["p1"]) == told(["p1", "p2", "p3"]) == [("workitem.changed", str(workitem.pk))]
    assert workitem.findings.count() == 3
    assert Workitem.objects.get(pk=workitem.pk).ai_score == 0.8


def test_a_proposal_never_overwrites_what_a_person_made_of_it(
    workitem: Workitem, radiologist: User, reviewer: User
) -> None:
    from annotations.services.reviews import review_record

    proposal = Proposal("rectangle", "nodule", box(workitem), 0.9, "chest", "1", "p1")
    finding = proposals_record(workitem=workitem, proposals=[proposal])[0]
    workitem_submit(workitem=workitem, by=radiologist, version=workitem.version, nothing_found=True)
    review_record(
        finding=finding, reviewer=reviewer, decision="corrected", corrected_content=box(workitem, x1=12),
        if_match=finding.head.digest,
    )  # fmt: skip
    again = proposals_record(workitem=workitem, proposals=[proposal])[0]
    assert again == finding
    assert again.revisions.count() == 2
    assert Finding.objects.get(pk=finding.pk).head.author == reviewer


def test_every_write_is_in_the_audit_trail_without_what_was_said(workitem: Workitem, radiologist: User) -> None:
    finding = finding_create(workitem=workitem, author=radiologist, content=box(workitem, text="secret words"))
    finding_delete(finding=finding, author=radiologist, if_match=finding.head.digest)
    events = list(AuditEvent.objects.filter(object_id=str(finding.pk)).order_by("id"))
    assert [(event.event_type, event.action) for event in events] == [
        ("finding.created", "C"),
        ("finding.deleted", "D"),
    ]
    assert "secret" not in str([event.detail for event in events])
    assert events[1].detail["parent"] == finding.head.digest


@pytest.mark.django_db(transaction=True)
def test_of_saves_that_race_one_wins_and_none_is_lost(workitem: Workitem, radiologist: User) -> None:
    finding = finding_create(workitem=workitem, author=radiologist, content=box(workitem))
    start, writers = finding.head.digest, 6
    outcomes: list[str] = []
    gate = threading.Barrier(writers)

    def save(number: int) -> None:
        try:
            gate.wait()
            digest = start
            for _ in range(writers):
                try:
                    _append(finding, radiologist, box(workitem, x1=16 + number), digest, client_key=f"w{number}")
                    outcomes.append("saved")
                    return
                except PreconditionFailed as refused:
                    outcomes.append("refused")
                    digest = refused.detail["head"]["digest"]
        except (DatabaseError, OverreadError) as error:
            outcomes.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) <= {"saved", "refused"}
    rows = list(finding.revisions.order_by("number"))
    assert [row.number for row in rows] == list(range(1, writers + 2))
    assert [row.parent_id for row in rows] == [None, *(row.pk for row in rows[:-1])]
    assert sorted(row.content["geometry"]["points"][1][0] for row in rows[1:]) == [16 + n for n in range(writers)]


@pytest.mark.django_db(transaction=True)
def test_one_client_key_sent_twice_at_once_makes_one_finding(workitem: Workitem, radiologist: User) -> None:
    made: list[Any] = []
    gate = threading.Barrier(4)

    def create() -> None:
        try:
            gate.wait()
            made.append(
                finding_create(workitem=workitem, author=radiologist, content=box(workitem), client_key="once").pk
            )
        except Exception as error:
            made.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert workitem.findings.count() == 1

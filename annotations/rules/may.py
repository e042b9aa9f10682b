"""THE RULE BOOK: what a person may do now with a case and with each finding, as pure tables.

Services raise what these tables refuse, and the API serves the same as ``may``: nobody else decides what is allowed.
Each act has a row of rules; the first one that objects gives the refusal with its code and sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from annotations import errors
from annotations.models import Finding, Reading, Workitem
from annotations.rules.lifecycle import SIGNED_OFF, WORKITEM
from core.access import permissions_in
from core.errors import Conflict, OverreadError
from core.models import User
from imaging.selectors import has_pictures

_State = Workitem.State


class Act(StrEnum):
    """What can be done with a case."""

    CLAIM = "claim"
    RELEASE = "release"
    ASSIGN = "assign"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    EDIT = "edit"
    REVIEW = "review"
    DECIDE = "decide"
    REOPEN = "reopen"
    READ_AGAIN = "read_again"
    COMMENT = "comment"


class FindingAct(StrEnum):
    """What can be done with one finding."""

    EDIT = "edit"
    DELETE = "delete"
    RESTORE = "restore"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts: their id and what their role in the project carries."""

    id: UUID
    permissions: frozenset[str]

    @property
    def is_admin(self) -> bool:
        """An admin of the project."""
        return "project.change" in self.permissions


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules must know of a work item.

    Attributes:
        reader: of the reading that is in hand, or was last; or None.
        readers: of all readings that count.
        answered: that reading was handed in once.
        pictures: the study holds something that can be read on a screen.
    """

    state: str
    reader: UUID | None
    answered: bool
    pictures: bool
    readers: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Said:
    """What the rules must know of a finding.

    Attributes:
        author: None for a model's.
        current: said in the reading that counts, or added in review; not what an abandoned reading said.
    """

    author: UUID | None
    by_model: bool
    deleted: bool
    current: bool


Rule = Callable[[Person, Case], OverreadError | None]
FindingRule = Callable[[Person, Case, Said], OverreadError | None]


def _permitted(permission: str) -> Rule:
    def rule(person: Person, _case: Case) -> OverreadError | None:
        return None if permission in person.permissions else errors.not_permitted(permission)

    return rule


def _step(event: str) -> Rule:
    def rule(_person: Person, case: Case) -> OverreadError | None:
        try:
            WORKITEM.next(case.state, event)
        except Conflict as refusal:
            return refusal
        return None

    return rule


def _own_reading(person: Person, case: Case) -> OverreadError | None:
    return None if case.reader == person.id else errors.not_own()


def _returned_to_its_reader(person: Person, case: Case) -> OverreadError | None:
    return _own_reading(person, case) if case.state == _State.REJECTED else None


def _pictures(_person: Person, case: Case) -> OverreadError | None:
    return None if case.pictures else errors.no_pictures()


def _release(person: Person, case: Case) -> OverreadError | None:
    if person.is_admin:
        return None
    if case.reader != person.id:
        return errors.not_own()
    return errors.already_answered() if case.answered else None


def _not_own_reading(person: Person, case: Case) -> OverreadError | None:
    return errors.own_work() if person.id in case.readers | {case.reader} else None


def _submitted(_person: Person, case: Case) -> OverreadError | None:
    if case.state in SIGNED_OFF:
        return errors.signed_off()
    return None if case.state == _State.SUBMITTED else errors.not_submitted(case.state)


def _editing(person: Person, case: Case) -> OverreadError | None:
    """The reader while reading, a reviewer while reviewing."""
    if case.state in SIGNED_OFF:
        return errors.signed_off()
    if case.state == _State.CLAIMED and case.reader == person.id:
        return None
    if person.id in case.readers | {case.reader} or case.state == _State.OPEN:
        return errors.not_being_read(case.state)
    if case.state == _State.SUBMITTED and "finding.review" in person.permissions:
        return None
    return errors.not_own()


CASE: Final[dict[Act, tuple[Rule, ...]]] = {
    Act.CLAIM: (_permitted("workitem.claim"), _step("claim"), _returned_to_its_reader, _pictures),
    Act.RELEASE: (_permitted("workitem.claim"), _step("release"), _release),
    Act.ASSIGN: (_permitted("project.change"), _step("assign"), _pictures),
    Act.SUBMIT: (_permitted("workitem.claim"), _step("submit"), _own_reading, _pictures),
    Act.WITHDRAW: (_permitted("workitem.claim"), _step("withdraw"), _own_reading),
    Act.EDIT: (_permitted("finding.write"), _editing),
    Act.REVIEW: (_permitted("finding.review"), _not_own_reading, _submitted),
    Act.DECIDE: (_permitted("finding.review"), _submitted, _not_own_reading),
    Act.REOPEN: (_permitted("project.change"), _step("reopen")),
    Act.READ_AGAIN: (_permitted("project.change"), _step("read_again"), _pictures),
    Act.COMMENT: (_permitted("comment.write"),),
}


def _of_the_case(act: Act) -> FindingRule:
    def rule(person: Person, case: Case, _said: Said) -> OverreadError | None:
        return case_refusal(act, person, case)

    return rule


def _current(_person: Person, _case: Case, said: Said) -> OverreadError | None:
    return None if said.current else errors.reading_abandoned()


def _authored(person: Person, _case: Case, said: Said) -> OverreadError | None:
    return None if said.author == person.id and not said.by_model else errors.not_author()


def _not_authored(person: Person, _case: Case, said: Said) -> OverreadError | None:
    return errors.own_work() if said.author == person.id else None


def _there(_person: Person, _case: Case, said: Said) -> OverreadError | None:
    return errors.finding_deleted() if said.deleted else None


_OWN: Final = (_of_the_case(Act.EDIT), _current, _authored)
FINDING: Final[dict[FindingAct, tuple[FindingRule, ...]]] = {
    FindingAct.EDIT: _OWN,
    FindingAct.DELETE: _OWN,
    FindingAct.RESTORE: _OWN,
    FindingAct.REVIEW: (_of_the_case(Act.REVIEW), _current, _not_authored, _there),
}


def case_refusal(act: Act, person: Person, case: Case) -> OverreadError | None:
    """Return why the person may not do this with the case now, or None where they may."""
    return next((refusal for rule in CASE[act] if (refusal := rule(person, case))), None)


def finding_refusal(act: FindingAct, person: Person, case: Case, said: Said) -> OverreadError | None:
    """Return why the person may not do this with the finding now, or None where they may."""
    return next((refusal for rule in FINDING[act] if (refusal := rule(person, case, said))), None)


def person_of(user: User, workitem: Workitem) -> Person:
    """Return what the rules must know of a user in the work item's project."""
    return Person(user.pk, frozenset(permissions_in(user, workitem.project)))


def case_of(workitem: Workitem) -> Case:
    """Return what the rules must know of a work item."""
    readings = workitem.readings_that_count
    last = readings[-1] if readings else None
    return Case(
        state=workitem.state,
        reader=last.reader_id if last else None,
        answered=last is not None and last.submitted_at is not None,
        pictures=has_pictures(workitem.study_id),
        readers=frozenset(one.reader_id for one in readings),
    )


def said_of(finding: Finding) -> Said:
    """Return what the rules must know of a finding."""
    reading = finding.reading
    return Said(
        finding.author_id,
        finding.algorithm_type != Finding.AlgorithmType.MANUAL,
        finding.deleted,
        reading is None or reading.state != Reading.State.ABANDONED,
    )


def require_act(act: Act, user: User, workitem: Workitem) -> None:
    """Raise the rule book's refusal, if it has one."""
    if refusal := case_refusal(act, person_of(user, workitem), case_of(workitem)):
        raise refusal


def require_finding_act(act: FindingAct, user: User, finding: Finding) -> None:
    """Raise the rule book's refusal about this finding, if it has one."""
    workitem = finding.workitem
    if refusal := finding_refusal(act, person_of(user, workitem), case_of(workitem), said_of(finding)):
        raise refusal

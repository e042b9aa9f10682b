"""Who may read a case a second time, blind: nobody who read it, or was sent what was said of it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db.models import Q

from annotations import errors
from annotations.models import Glimpse, Sight
from annotations.rules.one_question import cases_alike
from core.models import User

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID

    from annotations.models import Workitem
    from core.errors import Conflict


def told_before(people: Iterable[UUID], workitems: Iterable[UUID]) -> defaultdict[tuple[UUID, UUID], set[str]]:
    """Return what of each case was sent to each person so far, by (person, work item): see ``Glimpse.What``.

    Nothing where nothing was. What was sent to the reader of a case counts as well, also of an abandoned reading, and
    what was sent of another project's case of the same study that asks the same.
    """
    told: defaultdict[tuple[UUID, UUID], set[str]] = defaultdict(set)
    users = {user.pk: user for user in User.objects.filter(pk__in=list(people))}
    of: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for asked, alike in cases_alike(workitems).items():
        for case in alike:
            of[case].add(asked)
    sent = Sight.objects.filter(reading__workitem__in=of, reading__reader__in=users)
    for person, case in sent.values_list("reading__reader", "reading__workitem").distinct():
        for asked in of[case]:
            told[person, asked].add(Glimpse.What.MODEL)
    for row in Glimpse.objects.filter(workitem__in=of).filter(Q(person__in=users) | Q(person=None)):
        for asked in of[row.workitem_id]:
            if row.person_id is not None:
                told[row.person_id, asked].add(row.what)
                continue
            for person, user in users.items():
                if user.date_joined <= row.created_at:
                    told[person, asked] |= {Glimpse.What.MODEL, Glimpse.What.READING}
    return told


def second_reading_refusal(person: UUID, readers: Collection[UUID], told: Collection[str]) -> Conflict | None:
    """Return why a person is nobody to read a case again blind, or None where they are.

    Args:
        readers: who has read it.
        told: what was sent to the person of it: see ``told_before``.
    """
    if person in readers:
        return errors.second_reader_read_it()
    if Glimpse.What.MODEL in told:
        return errors.second_reader_saw_model()
    return errors.second_reader_saw_reading() if Glimpse.What.READING in told else None


def reads_second(user: User, workitem: Workitem) -> bool:
    """Say whether ``user`` has a second reading in hand and has not answered yet: words about the first are kept back.

    What others drew and answered is hidden as in every reading.
    """
    readings = workitem.readings_that_count
    return len(readings) > 1 and readings[-1].reader_id == user.pk and readings[-1].submitted_at is None

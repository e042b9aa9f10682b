"""What of the archive is kept from somebody for now: objects that a model may have made.

The archive knows what a model may have made; whether somebody may know of it yet is a matter of reading, two floors
up. The roof says once, at its start, which rule holds; every door of the archive asks here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from imaging.contents import may_be_a_models
from imaging.models import Instance
from imaging.selectors import besides_pictures

if TYPE_CHECKING:
    from core.models import User
    from imaging.models import Study


class Rule(NamedTuple):
    """Who may not know yet, and who is told what was sent.

    Attributes:
        hiding: returns the keys of the studies in which what a model may have made is kept from a user.
        sent: hears which such objects (SOP Instance UIDs of a study) are about to be sent to a user.
    """

    hiding: Callable[[User], QuerySet[Any, Any]]
    sent: Callable[[User, Study, list[str]], None]


_rules: list[Rule] = []


def hold_back_by(rule: Rule) -> None:
    """Say which rule holds; the roof calls this once, at its start."""
    _rules[:] = [rule]


def kept_from(user: User, rows: QuerySet[Instance]) -> set[UUID]:
    """Return the keys of those among some instances that are kept from a user."""
    objects, found = besides_pictures(rows), set[UUID]()
    if not _rules or not objects.exists():
        return found
    for rule in _rules:
        hidden = objects.filter(series__study__in=rule.hiding(user))
        found |= {row.pk for row in hidden if may_be_a_models(row)}
    return found


def note_sent(user: User, rows: QuerySet[Instance]) -> None:
    """Tell the rule which of some instances, that are about to be sent to a user, a model may have made."""
    for rule in _rules:
        by_study: dict[Study, list[str]] = defaultdict(list)
        for row in besides_pictures(rows).select_related("series__study"):
            if may_be_a_models(row):
                by_study[row.series.study].append(row.sop_instance_uid)
        for study, uids in by_study.items():
            rule.sent(user, study, uids)


def given_to(user: User, rows: QuerySet[Instance]) -> QuerySet[Instance]:
    """Return those of some instances that may be sent to a user, which the rule is told."""
    given = rows.exclude(pk__in=kept_from(user, rows))
    note_sent(user, given)
    return given


def whole_series_kept(kept: Iterable[UUID]) -> set[UUID]:
    """Return the keys of the series of which every instance is among those kept."""
    keys = list(kept)
    mine = set(Instance.objects.filter(pk__in=keys).values_list("series", flat=True))
    others = Instance.objects.filter(series__in=mine).exclude(pk__in=keys)
    return mine - set(others.values_list("series", flat=True))

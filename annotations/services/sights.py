"""What of a model was sent to the reader of a case, and when for the first time: whether somebody read blind is a fact.

Every door that gives away something of a model notes it here before it answers. What was sent to somebody who does not
read the case is noted too: they are nobody to read it a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import transaction

from annotations.dataset.manifests import splits_of_manifest
from annotations.models import Finding, Glimpse, Reading, Sight, Workitem
from annotations.rules.one_question import cases_alike

if TYPE_CHECKING:
    from annotations.models import DatasetSnapshot
    from core.models import User
    from imaging.models import Study

What = Sight.What
_CHUNK: Final = 500
#: (what, id of it or "").
Seen = tuple[Sight.What, str]


def sights_note(user: User, seen: Mapping[UUID, Iterable[Seen]]) -> None:
    """Note what is sent to ``user`` of these cases; what was seen before stays as it is.

    Args:
        seen: by work item; nobody's reading but the user's own is touched, in this case and in those of the same
            study that ask the same.
    """
    told = {pk: found for pk, things in seen.items() if (found := set(things))}
    if not told:
        return
    alike = cases_alike(told)
    own = Reading.objects.filter(workitem__in=set().union(*alike.values()), reader=user)
    readings = {row.workitem_id: row for row in own.exclude(state=Reading.State.ABANDONED)}
    _glimpses_note(user, told.keys() - readings.keys(), Glimpse.What.MODEL)
    if not readings:
        return
    wanted = {
        (readings[other].pk, *thing)
        for pk, things in told.items()
        for other in alike[pk] & readings.keys()
        for thing in things
    }
    rows = Sight.objects.filter(reading__in=[row.pk for row in readings.values()])
    new = wanted - set(rows.values_list("reading", "what", "of"))
    if not new:
        return
    with transaction.atomic():
        sights = [Sight(reading_id=pk, what=what, of=of) for pk, what, of in sorted(new)]
        Sight.objects.bulk_create(sights, ignore_conflicts=True)
        unblinded = {pk for pk, *_ in new}
        # Before the own answer this was no blind reading; after it, that is how it is meant.
        Reading.objects.filter(pk__in=unblinded, submitted_at__isnull=True, blind=True).update(blind=False)


def _glimpses_note(user: User, workitems: Iterable[UUID], what: Glimpse.What) -> None:
    """Note that somebody who does not read these cases was sent what was said of them."""
    wanted = set(workitems)
    if not wanted:
        return
    known = Glimpse.objects.filter(workitem__in=wanted, person=user, what=what)
    new = wanted - set(known.values_list("workitem", flat=True))
    rows = [Glimpse(workitem_id=pk, person=user, what=what) for pk in sorted(new)]
    Glimpse.objects.bulk_create(rows, ignore_conflicts=True)


def findings_sent(user: User, workitem: Workitem, rows: Iterable[Mapping[str, Any]]) -> None:
    """Note what these findings (in the API's shape) tell of a model: that they are its own, or contradict it.

    To whom does not read the case: that other people's are among them, too.
    """
    manual, seen, theirs = Finding.AlgorithmType.MANUAL, set[Seen](), False
    for row in rows:
        if row["algorithm_type"] != manual:
            seen.add((What.FINDING, str(row["id"])))
            continue
        theirs = theirs or _author(row) != user.pk
        if row.get("must_be_decided"):
            seen.add((What.ANSWER, ""))
    sights_note(user, {workitem.pk: seen})
    reading = Reading.objects.filter(workitem=workitem, reader=user).exclude(state=Reading.State.ABANDONED)
    if theirs and not reading.exists():
        _glimpses_note(user, [workitem.pk], Glimpse.What.READING)


def manifest_sent(user: User, snapshot: DatasetSnapshot) -> None:
    """Note that somebody was sent what people and models said of all cases of a dataset."""
    cases_sent(user, snapshot, splits_of_manifest(snapshot.manifest_digest))


def cases_sent(user: User, snapshot: DatasetSnapshot, study_instance_uids: Iterable[str]) -> None:
    """Note that somebody was sent what people and models said of these studies in a dataset."""
    studies = sorted(study_instance_uids)
    for start in range(0, len(studies), _CHUNK):
        some = studies[start : start + _CHUNK]
        rows = Workitem.objects.filter(project=snapshot.project_id, study__study_instance_uid__in=some)
        cases = list(rows.values_list("pk", flat=True))
        sights_note(user, {pk: [(What.ANSWER, "")] for pk in cases})
        own = Reading.objects.filter(workitem__in=cases, reader=user).exclude(state=Reading.State.ABANDONED)
        _glimpses_note(user, set(cases) - set(own.values_list("workitem", flat=True)), Glimpse.What.READING)


def _author(row: Mapping[str, Any]) -> UUID | None:
    if "author_id" in row:
        return row["author_id"]  # type: ignore[no-any-return]  # a row of the database
    return row["author"]["id"] if row["author"] else None


def findings_named(user: User, workitem: Workitem, ids: Iterable[UUID]) -> None:
    """Note which of these findings, of which something is said, are a model's."""
    theirs = Finding.objects.filter(pk__in=list(ids)).exclude(algorithm_type=Finding.AlgorithmType.MANUAL)
    sights_note(user, {workitem.pk: [(What.FINDING, str(pk)) for pk in theirs.values_list("pk", flat=True)]})


def objects_sent(user: User, study: Study, uids: Iterable[str]) -> None:
    """Note which objects of a study, that a model may have made, are sent; in every case of it."""
    things = [(What.OBJECT, uid) for uid in uids]
    if things:
        cases = Workitem.objects.filter(study=study).values_list("pk", flat=True)
        sights_note(user, dict.fromkeys(cases, things))

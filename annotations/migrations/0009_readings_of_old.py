"""Readings, steps and rounds of what was read before there were rows for them, from the audit trail.

A draft that was given back stays with an abandoned reading of its author: it counts as nobody's.
"""

from django.db import migrations

_AFTER = {"accepted": "submitted", "corrected": "submitted", "rejected": "returned"}
_STEPS = {"claimed", "released", "submitted", "withdrawn", "accepted", "corrected", "rejected", "reopened"}
_BATCH = 200


def _events(apps, ids):
    """Return the audit events of the work items by id, oldest first."""
    AuditEvent = apps.get_model("core", "AuditEvent")
    found = {}
    rows = AuditEvent.objects.filter(object_kind="workitem", object_id__in=[str(pk) for pk in ids])
    for event in rows.filter(event_type__startswith="workitem.").order_by("occurred_at", "id"):
        found.setdefault(event.object_id, []).append(event)
    return found


def _kind(event):
    return event.event_type.removeprefix("workitem.")


def _given_back(events):
    """Return (reader's id, from, to) of each claim that ended in a release."""
    spans, holder = [], None
    for event in events:
        if _kind(event) == "claimed" and (holder is None or holder[0] != event.actor_id):
            holder = (event.actor_id, event.occurred_at)
        elif _kind(event) == "released" and holder is not None:
            spans.append((*holder, event.occurred_at))
            holder = None
    return spans


def _readings(apps, workitem, reveal, events, people):
    Reading = apps.get_model("annotations", "Reading")
    Finding = apps.get_model("annotations", "Finding")
    own = Finding.objects.filter(workitem=workitem, algorithm_type="MANUAL", reading__isnull=True)
    for reader_id, since, until in _given_back(events):
        if reader_id not in people:
            continue
        gone = Reading.objects.create(
            workitem=workitem, reader_id=reader_id, state="abandoned", reveal=reveal, blind=reveal != "always",
            claimed_at=since, abandoned_at=until, ending="released",
        )
        if reader_id != str(workitem.reader_id):  # who took it again went on with their own
            own.filter(author_id=reader_id, created_at__gte=since, created_at__lte=until).update(reading=gone)
    if workitem.reader_id is None:
        return
    claimed = [event for event in events if _kind(event) == "claimed" and event.actor_id == str(workitem.reader_id)]
    since = workitem.claimed_at or (claimed[-1].occurred_at if claimed else workitem.created_at)
    reading = Reading.objects.create(
        workitem=workitem, reader_id=workitem.reader_id, state=_AFTER.get(workitem.state, workitem.state),
        reveal=reveal, blind=reveal != "always", claimed_at=since, submitted_at=workitem.submitted_at,
        seconds=workitem.reading_seconds,
    )
    own.filter(author_id=workitem.reader_id).update(reading=reading)


def _steps(apps, workitem, events, people):
    """Return when the case was reopened; write its steps."""
    Step = apps.get_model("annotations", "Step")
    steps, reopened = {}, []
    for event in events:
        version = event.detail.get("version")
        if _kind(event) not in _STEPS or not isinstance(version, int):
            continue
        if _kind(event) == "reopened":
            reopened.append(event.occurred_at)
        remark = str(event.detail.get("reason", ""))
        if version == workitem.version and isinstance(event.detail.get("remark"), bool):
            remark = workitem.remark
        steps[version] = Step(
            workitem=workitem, version=version, kind=_kind(event), created_at=event.occurred_at, remark=remark,
            by_id=event.actor_id if event.actor_id in people else None,
        )
    Step.objects.bulk_create(steps.values())
    return reopened


def _rounds(apps, workitem, reopened):
    """Decisions made before a reopening belong to the round before it."""
    if not reopened:
        return
    Review = apps.get_model("annotations", "Review")
    workitem.round = 1 + len(reopened)
    workitem.save(update_fields=["round"])
    for review in Review.objects.filter(finding__workitem=workitem).only("id", "created_at"):
        number = 1 + sum(when <= review.created_at for when in reopened)
        Review.objects.filter(pk=review.pk).update(round=number)


def _fill(apps, _editor):
    Workitem = apps.get_model("annotations", "Workitem")
    Protocol = apps.get_model("annotations", "ReadingProtocol")
    people = {str(pk) for pk in apps.get_model("core", "User").objects.values_list("pk", flat=True)}
    reveals = dict(Protocol.objects.values_list("project_id", "reveal"))
    ids = list(Workitem.objects.order_by("id").values_list("pk", flat=True))
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        events = _events(apps, batch)
        for workitem in Workitem.objects.filter(pk__in=batch):
            told = events.get(str(workitem.pk), [])
            _readings(apps, workitem, reveals.get(workitem.project_id, "after_own_answer"), told, people)
            _rounds(apps, workitem, _steps(apps, workitem, told, people))


class Migration(migrations.Migration):
    dependencies = [("annotations", "0008_readings"), ("core", "0002_append_only")]
    operations = [migrations.RunPython(_fill, migrations.RunPython.noop)]

"""What was read before there were readings: drafts given back become nobody's, rounds follow reopenings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

BEFORE, AFTER = ("annotations", "0007_superseded_findings"), ("annotations", "0010_readings_hold_the_reader")


def _apps(target: tuple[str, str]) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate([target])
    graph = MigrationExecutor(connection).loader.graph
    below = [node for node in graph.leaf_nodes() if node[0] in ("core", "imaging")]
    return MigrationExecutor(connection).loader.project_state([target, *below]).apps


@pytest.fixture
def old(transactional_db: None) -> Any:
    """The tables as they were; afterwards they are as they are now."""
    yield _apps(BEFORE)
    MigrationExecutor(connection).migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())


def _event(apps: Any, workitem: Any, kind: str, who: Any, at: Any, number: int, **detail: Any) -> None:
    apps.get_model("core", "AuditEvent").objects.create(
        chain="test", sequence=number, occurred_at=at, event_type=f"workitem.{kind}", action="U", outcome="success",
        actor_id=str(who.pk), object_kind="workitem", object_id=str(workitem.pk), detail={"version": number, **detail},
        previous_hash="0" * 64, hash="0" * 64,
    )  # fmt: skip


def test_an_old_case_gets_its_readings_steps_and_rounds(old: Any) -> None:
    User, Project = old.get_model("core", "User"), old.get_model("core", "Project")
    ann, ravi, rev = (User.objects.create(username=name, password="x") for name in ("ann", "ravi", "rev"))
    project = Project.objects.create(slug="old", title="Old")
    old.get_model("annotations", "ReadingProtocol").objects.create(project=project, reveal="always")
    patient = old.get_model("imaging", "Patient").objects.create(patient_id="1")
    study = old.get_model("imaging", "Study").objects.create(study_instance_uid="1.2.3", patient=patient)
    start = timezone.now() - timedelta(days=1)
    times = [start + timedelta(hours=hour) for hour in range(12)]
    workitem = old.get_model("annotations", "Workitem").objects.create(
        project=project, study=study, state="accepted", version=8, reader=ravi, reviewer=rev, claimed_at=times[3],
        submitted_at=times[4], reading_seconds=30,
    )  # fmt: skip
    Finding, Review = old.get_model("annotations", "Finding"), old.get_model("annotations", "Review")
    Revision = old.get_model("annotations", "Revision")

    def said(who: Any, at: Any) -> Any:
        return Finding.objects.create(workitem=workitem, kind="image_label", author=who, created_at=at)

    given_back, own, added = said(ann, times[1]), said(ravi, times[4]), said(rev, times[5])
    revision = Revision.objects.create(finding=own, number=1, author=ravi, content={}, digest="a" * 64)
    early, late = (
        Review.objects.create(finding=own, revision=revision, reviewer=rev, decision="accepted", created_at=at)
        for at in (times[5], times[8])
    )
    story = [("claimed", ann), ("released", ann), ("claimed", ravi), ("submitted", ravi), ("accepted", rev),
             ("reopened", rev), ("accepted", rev)]  # fmt: skip
    for number, (kind, who) in enumerate(story):
        at = [times[0], times[2], times[3], times[4], times[6], times[7], times[9]][number]
        _event(old, workitem, kind, who, at, number + 2, **({"reason": "mix-up"} if kind == "reopened" else {}))
    new = _apps(AFTER)
    readings = new.get_model("annotations", "Reading").objects.order_by("claimed_at")
    assert [(row.reader_id, row.state, row.reveal, row.blind) for row in readings] == [
        (ann.pk, "abandoned", "always", False), (ravi.pk, "submitted", "always", False),
    ]  # fmt: skip
    assert readings[1].seconds == 30
    findings = dict(new.get_model("annotations", "Finding").objects.values_list("pk", "reading_id"))
    assert findings == {given_back.pk: readings[0].pk, own.pk: readings[1].pk, added.pk: None}
    rounds = dict(new.get_model("annotations", "Review").objects.values_list("pk", "round"))
    assert (new.get_model("annotations", "Workitem").objects.get().round, rounds) == (2, {early.pk: 1, late.pk: 2})
    steps = new.get_model("annotations", "Step").objects.order_by("version")
    assert [(step.version, step.kind) for step in steps] == [(n + 2, kind) for n, (kind, _) in enumerate(story)]
    assert steps[5].remark == "mix-up"

"""Doubtful labels through the front door: found, shown most doubtful first, and changed by nobody but people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from annotations.models import Review, Revision
from core import blobs
from core.models import AuditEvent, Job
from inference.models import SuspectSearch
from inference.services.suspects import suspects_request
from tests.factories.api import Api
from tests.inference.planted_archive import freeze, make_square_label, open_workitem, plant_many

if TYPE_CHECKING:
    from collections.abc import Callable

    from annotations.models import DatasetSnapshot
    from core.models import Project, User

pytestmark = pytest.mark.django_db

QUICK = {"image_shape": [32, 48], "epochs": 12, "learning_rate": 0.004, "batch_size": 8}


@pytest.fixture
def snapshot(project: Project) -> DatasetSnapshot:
    """A dataset in which a fifth of the answers that teach is turned round, none of those that test."""
    make_square_label(project)
    planted = plant_many(project, train=30, validation=10, test=4)
    open_workitem(project, planted["train"][0])
    return freeze(project, planted, wrong_share=0.2)


def turned_round(snapshot: DatasetSnapshot) -> set[str]:
    """Return the images whose stored answer is not what was drawn: every second planted study has a square."""
    rows = [json.loads(line) for line in blobs.get(snapshot.manifest_digest).splitlines()]
    return {
        row["sop_instance_uid"]
        for row in rows
        if row["labels"]["square"] != (int(row["patient_key"].removeprefix("key-")) % 2 == 0)
    }


def test_the_turned_round_answers_come_first_and_nothing_is_changed(
    project: Project, snapshot: DatasetSnapshot, admin: User, reviewer: User, run_jobs: Callable[[], int]
) -> None:
    wrong = turned_round(snapshot)
    assert 4 <= len(wrong) <= 14
    search = suspects_request(snapshot=snapshot, requested_by=admin, chosen=QUICK)
    assert suspects_request(snapshot=snapshot, requested_by=admin, chosen=QUICK) == search
    reader = Api(reviewer)
    status, before = reader("GET", f"snapshots/{snapshot.pk}/suspects")
    assert (status, before["search"]["state"], before["results"]) == (200, "queued", [])
    run_jobs()

    status, found = reader("GET", f"snapshots/{snapshot.pk}/suspects?limit=500")
    assert (status, found["search"]["state"], found["count"]) == (200, "succeeded", 40)
    rows = found["results"]
    assert [row["place"] for row in rows] == list(range(1, 41))
    doubts = [row["doubt"] for row in rows]
    assert doubts == sorted(doubts, reverse=True)
    assert {row["split"] for row in rows} == {"train", "validation"}, "no test case is judged"
    assert all((row["probability"] > 0.5) != bool(row["said"]) for row in rows if row["is_suspect"])
    (mine,) = [row for row in rows if row["workitem"]]
    # It is on the worklist again and not signed off: somebody is at it already.
    assert (mine["workitem"]["state"], mine["workitem"]["looked_at_again"]) == ("open", True)
    first = {row["sop_instance_uid"] for row in rows[: len(wrong)]}
    assert len(first & wrong) >= 0.6 * len(wrong), "a fifth of them would be there by chance"
    assert found["search"]["counts"] == {"judged": 40, "suspects": sum(row["is_suspect"] for row in rows)}

    assert not Revision.objects.exists()
    assert not Review.objects.exists()
    assert turned_round(snapshot) == wrong
    kinds = list(
        AuditEvent.objects.filter(event_type__startswith="suspects.")
        .values_list("event_type", flat=True)
        .order_by("id")
    )
    assert kinds == ["suspects.requested", "suspects.found"]
    Job.objects.filter(pk=search.job_id).update(state="queued")
    run_jobs()
    assert SuspectSearch.objects.get().result_digest == SuspectSearch.objects.get(pk=search.pk).result_digest
    assert len(AuditEvent.objects.filter(event_type="suspects.found")) == 1


def test_who_does_not_train_asks_for_no_search_and_too_few_patients_are_refused(
    project: Project, admin: User, reviewer: User, radiologist: User
) -> None:
    make_square_label(project)
    planted = plant_many(project, train=4, validation=2, test=2)
    few = freeze(project, planted)
    assert Api(radiologist)("GET", f"snapshots/{few.pk}/suspects")[0] == 403
    assert Api(reviewer)("POST", f"snapshots/{few.pk}/suspects")[0] == 403
    status, refused = Api(admin)("POST", f"snapshots/{few.pk}/suspects")
    assert (status, refused["code"]) == (409, "too_few_patients")
    painted = freeze(project, planted, name="painted", question="segmentation")
    status, refused = Api(admin)("POST", f"snapshots/{painted.pk}/suspects")
    assert (status, refused["code"]) == (422, "suspects_need_answers")

"""A training through the front door: estimate, start, watch, cancel, resume, report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.factories.api import Api
from tests.inference.planted_archive import CONFIG, freeze, make_family, plant_many

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.models import Project, User

pytestmark = pytest.mark.django_db


def test_an_admin_estimates_starts_cancels_resumes_and_reads_the_report_of_a_training(
    project: Project, admin: User, reviewer: User, radiologist: User, run_jobs: Callable[[], int]
) -> None:
    family = make_family(project, admin)
    snapshot = freeze(project, plant_many(project, train=8, validation=6, test=24))
    api, given = Api(admin), {"snapshot_id": str(snapshot.pk), "config": {**CONFIG, "epochs": 1}}
    status, estimate = api("POST", f"models/{family.pk}/training/estimate", given)
    assert status == 200
    assert estimate["seconds_low"] < estimate["seconds"] < estimate["seconds_high"]
    assert estimate["proof"]["labels"]["square"]["positive"] == 12
    assert estimate["plan"] == 1
    assert not estimate["proof"]["can_pass"]
    assert len(estimate["proof"]["sentences"]) == len(estimate["sentences"]) == 1
    status, body = api("POST", f"models/{family.pk}/training/estimate", {**given, "config": {"epochs": "many"}})
    assert (status, body["code"]) == (422, "config_value")

    assert Api(reviewer)("POST", f"models/{family.pk}/training", {**given, "reason": "x"})[0] == 403
    status, run = api("POST", f"models/{family.pk}/training", {**given, "reason": "corrected labels"})
    assert (status, run["state"], run["version_id"], run["error"]) == (201, "queued", None, None)
    status, run = api("POST", f"training/{run['id']}/cancel")
    assert (status, run["state"]) == (200, "cancelled")
    assert api("POST", f"training/{run['id']}/cancel")[1]["code"] == "job_is_over"
    status, run = api("POST", f"training/{run['id']}/resume")
    assert (status, run["state"]) == (200, "queued")
    run_jobs()
    status, run = Api(reviewer)("GET", f"training/{run['id']}")
    assert (status, run["state"], run["version_state"]) == (200, "succeeded", "evaluated")
    assert run["progress"]["phase"] == "finished"
    assert [entry["epoch"] for entry in run["curves"]] == [1]
    assert run["reason"] == "corrected labels"
    assert [one["id"] for one in api("GET", f"training?project={project.slug}")[1]] == [run["id"]]
    assert Api(radiologist)("GET", f"training/{run['id']}")[0] == 403
    assert Api(radiologist)("GET", "training") == (200, [])

    status, report = Api(reviewer)("GET", f"reports/{run['report_id']}")
    assert (status, report["report"]["cases"], report["compared_with"]) == (200, 24, None)
    assert report["gate"]["criteria"][0]["sentence"]
    status, job = api("POST", f"versions/{run['version_id']}/evaluate", {"snapshot_id": str(snapshot.pk)})
    assert (status, job["kind"], job["state"]) == (202, "evaluate", "queued")

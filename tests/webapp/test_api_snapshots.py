"""Freezing a dataset through the front door."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotations.dataset.split import patient_key, split_of
from annotations.models import DatasetSnapshot
from core import blobs
from core.jobs import run_job, run_waiting_jobs
from core.models import Event, Job, Project, User
from imaging.models import Patient
from tests.factories.api import Api
from tests.factories.reading import image_label, make_label, make_workitem

pytestmark = pytest.mark.django_db
WANTED = {"question": "classification", "label_keys": ["nodule"]}


@pytest.fixture(autouse=True)
def split_key(settings: Any) -> None:
    settings.OVERREAD_SPLIT_KEY = "split-key-of-the-tests"


def _sign_off(project: Project, reader: User, reviewer: User, patient_id: str, *, present: bool) -> None:
    patient = Patient.objects.create(patient_id=patient_id)
    workitem = make_workitem(project, reader, patient=patient, patient_name="Hidden^Name")
    api = Api(reader)
    api("POST", f"workitems/{workitem.pk}/findings", {"content": image_label(present=present)})
    api("POST", f"workitems/{workitem.pk}/submit", {}, match=2)
    assert Api(reviewer)("POST", f"workitems/{workitem.pk}/decide", {"event": "accept"}, match=3)[0] == 200


SPLITS = ("train", "validation", "test")


def _six(project: Project, reader: User, reviewer: User, *, first: int = 0, splits: tuple[str, ...] = SPLITS) -> None:
    """Sign off a case of each split and answer, of patients numbered from ``first``."""
    wanted = {(split, present): 1 for split in splits for present in (True, False)}
    number = first
    while wanted:
        number += 1
        split = split_of(patient_key(Patient(patient_id=f"N{number}")))
        key = (split, (split, True) in wanted)
        if wanted.pop(key, None):
            _sign_off(project, reader, reviewer, f"N{number}", present=key[1])


def _asked(api: Api, address: str, body: dict[str, Any]) -> dict[str, Any]:
    status, request = api("POST", f"projects/chest/snapshots{address}", body)
    assert status == 202, request
    assert api("GET", "projects/chest/snapshots/requests")[1][0]["id"] == request["id"]
    run_waiting_jobs()
    assert api("GET", "projects/chest/snapshots/requests")[1] == []
    answer: dict[str, Any] = api("GET", f"snapshot-requests/{request['id']}")[1]
    return answer


def test_an_admin_looks_then_freezes_then_reads(
    project: Project, radiologist: User, reviewer: User, admin: User
) -> None:
    make_label(project)
    api = Api(admin)
    preview = _asked(api, "/preview", WANTED)["preview"]
    assert (preview["ready"], len(preview["missing"])) == (False, 3)
    refused = _asked(api, "", {**WANTED, "name": "too early"})
    assert (refused["state"], refused["snapshot"], refused["error"]["code"]) == ("failed", None, "snapshot_incomplete")
    assert refused["error"]["detail"]["missing"] == preview["missing"]
    _six(project, radiologist, reviewer)
    preview = _asked(api, "/preview", WANTED)["preview"]
    assert (preview["ready"], preview["missing"], preview["counts"]["patients"]) == (True, [], 6)
    frozen = _asked(api, "", {**WANTED, "name": "first"})["snapshot"]
    assert (frozen["counts"], frozen["frozen_by"]["id"]) == (preview["counts"], str(admin.pk))
    assert frozen["counts"]["splits"]["validation"]["labels"]["nodule"]["positive"] == 1
    assert api("GET", f"snapshots/{frozen['id']}")[1] == frozen
    assert Api(reviewer)("GET", "projects/chest/snapshots")[1] == [frozen]
    assert Event.objects.filter(kind="snapshot.frozen", object_id=frozen["id"], version=frozen["digest"]).exists()
    assert _asked(api, "", {**WANTED, "name": "again"})["snapshot"] == frozen, "the same content is the same dataset"


def test_who_asks_the_same_while_it_is_under_way_gets_the_same_request_and_a_cancelled_one_leaves_nothing(
    project: Project, radiologist: User, reviewer: User, admin: User
) -> None:
    make_label(project)
    _six(project, radiologist, reviewer)
    api, wanted = Api(admin), {**WANTED, "name": "first"}
    one, again = (api("POST", "projects/chest/snapshots", wanted)[1]["id"] for _ in range(2))
    assert one == again
    assert api("POST", f"snapshot-requests/{one}/cancel", {})[1]["state"] == "cancelled"
    assert api("POST", f"snapshot-requests/{one}/cancel", {})[0] == 409
    run_waiting_jobs()
    assert not DatasetSnapshot.objects.exists()
    assert api("POST", "projects/chest/snapshots", wanted)[1]["id"] != one


def test_a_worker_that_dies_in_the_middle_of_a_freeze_leaves_nothing_half_and_the_next_one_ends_it(
    project: Project, radiologist: User, reviewer: User, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_label(project)
    _six(project, radiologist, reviewer)
    api = Api(admin)
    request = api("POST", "projects/chest/snapshots", {**WANTED, "name": "first"})[1]

    class Killed(BaseException):
        """As kill -9: nothing of the house's runs after it."""

    def dies(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr("annotations.services.snapshots.events.publish", dies)
        with pytest.raises(Killed):
            run_waiting_jobs()
    assert not DatasetSnapshot.objects.exists()
    assert api("GET", f"snapshot-requests/{request['id']}")[1]["state"] == "running"
    Job.objects.filter(kind="snapshot").update(lease_until=timezone.now() - timedelta(minutes=1))
    assert run_job(str(Job.objects.get(kind="snapshot").pk))
    answer = api("GET", f"snapshot-requests/{request['id']}")[1]
    assert answer["state"] == "succeeded"
    assert DatasetSnapshot.objects.get().digest == answer["snapshot"]["digest"]


def test_a_datasheet_says_what_a_recount_of_the_manifest_says_and_is_checked_against_its_digest(
    project: Project, radiologist: User, reviewer: User, admin: User
) -> None:
    make_label(project)
    _six(project, radiologist, reviewer)
    frozen = _asked(Api(admin), "", {**WANTED, "name": "first"})["snapshot"]
    api = Api(reviewer)
    manifest = api.client.get(f"/api/v1/snapshots/{frozen['id']}/manifest").content
    assert hashlib.sha256(manifest).hexdigest() == frozen["manifest_digest"]
    # What is asked is digested under the name that it had when the first datasets were frozen.
    asked = {"recipe": WANTED["question"], "label_keys": WANTED["label_keys"]}
    named = {"project": str(project.pk), **asked, "manifest": frozen["manifest_digest"]}
    assert (
        hashlib.sha256(json.dumps(named, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        == (frozen["digest"])
    )
    rows = [json.loads(line) for line in manifest.splitlines()]
    found = api("GET", f"snapshots/{frozen['id']}/datasheet")[1]
    assert found["checks"] == {"manifest": True, "digest": True, "datasheet": True}
    sheet = found["sheet"]
    for name in ("sex", "age_band", "view", "scanner"):
        recount = Counter((row["groups"][name], row["split"]) for row in rows)
        assert {
            (value, split): figures["cases"]
            for value, splits in sheet["subgroups"][name].items()
            for split, figures in splits.items()
            if figures["cases"]
        } == recount
    assert sheet["provenance"]["nodule"] == {
        split: dict(Counter(row["label_provenance"]["nodule"] for row in rows if row["split"] == split))
        for split in ("train", "validation", "test")
    }
    assert sheet["weights"]["nodule"]["train"] == sum(
        row["label_weights"]["nodule"] for row in rows if row["split"] == "train"
    )
    assert "Hidden" not in json.dumps(found)
    assert b"Hidden" not in manifest
    path = blobs.local_path(DatasetSnapshot.objects.get().manifest_digest)
    path.chmod(0o600)
    path.write_bytes(manifest.replace(b'"nodule":1', b'"nodule":0'))
    assert api("GET", f"snapshots/{frozen['id']}/datasheet")[1]["checks"]["manifest"] is False


def test_a_dataset_from_before_datasheets_says_that_it_has_none(project: Project, reviewer: User) -> None:
    old = DatasetSnapshot.objects.create(
        project=project, name="old", digest="b" * 64, manifest_digest=blobs.put(b""), question="classification"
    )
    found = Api(reviewer)("GET", f"snapshots/{old.pk}/datasheet")[1]
    assert found["sheet"] is None
    assert found["checks"] == {"manifest": True, "digest": False, "datasheet": None}


def test_who_may_not_freeze_or_look_is_told_so(
    project: Project, radiologist: User, reviewer: User, stranger: User
) -> None:
    assert Api(reviewer)("POST", "projects/chest/snapshots/preview", WANTED)[0] == 403
    assert Api(radiologist)("GET", "projects/chest/snapshots")[0] == 403
    assert Api(stranger)("GET", "projects/chest/snapshots")[0] == 404

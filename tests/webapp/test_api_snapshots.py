"""Freezing a dataset through the front door."""

from __future__ import annotations

from typing import Any

import pytest

from annotations.dataset.split import patient_key, split_of
from core.models import Event, Project, User
from imaging.models import Patient
from tests.factories.api import Api
from tests.factories.reading import image_label, make_label, make_workitem

pytestmark = pytest.mark.django_db
WANTED = {"recipe": "classification", "label_keys": ["nodule"]}


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


def test_an_admin_looks_then_freezes_then_reads(
    project: Project, radiologist: User, reviewer: User, admin: User
) -> None:
    make_label(project)
    api = Api(admin)
    status, preview = api("POST", "projects/chest/snapshots/preview", WANTED)
    assert (status, preview["ready"], len(preview["missing"])) == (200, False, 3)
    status, refused = api("POST", "projects/chest/snapshots", {**WANTED, "name": "too early"})
    assert (status, refused["code"], refused["detail"]["missing"]) == (422, "snapshot_incomplete", preview["missing"])
    wanted = {(split, present): 1 for split in ("train", "validation", "test") for present in (True, False)}
    number = 0
    while wanted:
        number += 1
        split = split_of(patient_key(Patient(patient_id=f"N{number}")))
        key = (split, (split, True) in wanted)
        if wanted.pop(key, None):
            _sign_off(project, radiologist, reviewer, f"N{number}", present=key[1])
    _, preview = api("POST", "projects/chest/snapshots/preview", WANTED)
    assert (preview["ready"], preview["missing"], preview["counts"]["patients"]) == (True, [], 6)
    status, frozen = api("POST", "projects/chest/snapshots", {**WANTED, "name": "first"})
    assert (status, frozen["counts"], frozen["frozen_by"]["id"]) == (201, preview["counts"], str(admin.pk))
    assert frozen["counts"]["splits"]["validation"]["labels"]["nodule"]["positive"] == 1
    assert api("GET", f"snapshots/{frozen['id']}")[1] == frozen
    assert Api(reviewer)("GET", "projects/chest/snapshots")[1] == [frozen]
    assert Event.objects.filter(kind="snapshot.frozen", object_id=frozen["id"], version=frozen["digest"]).exists()


def test_who_may_not_freeze_or_look_is_told_so(
    project: Project, radiologist: User, reviewer: User, stranger: User
) -> None:
    assert Api(reviewer)("POST", "projects/chest/snapshots/preview", WANTED)[0] == 403
    assert Api(radiologist)("GET", "projects/chest/snapshots")[0] == 403
    assert Api(stranger)("GET", "projects/chest/snapshots")[0] == 404

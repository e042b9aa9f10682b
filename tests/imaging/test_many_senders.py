"""Many senders at once: what is served the moment each was told "stored" is true, and nothing is lost."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.db import connections
from django.test import Client
from pydicom.uid import CTImageStorage

from annotations.models import Workitem
from core.models import Membership, Project, User
from imaging.models import Instance, Study, Upload
from imaging.services.uploads import upload_finish, upload_open
from tests.factories import dicom_files as made
from tests.imaging.arriving import arrived

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db(transaction=True)

SENDERS, EACH = 6, 5


@pytest.fixture
def people() -> tuple[Project, User]:
    project = Project.objects.create(slug="chest", title="Chest", is_inbox=True)
    user = User.objects.create(username="ann", role="radiologist")
    Membership.objects.create(project=project, user=user, role="radiologist")
    return project, user


def _in_threads(work: Callable[[int], None], count: int) -> list[str]:
    faults: list[str] = []

    def run(number: int) -> None:
        try:
            work(number)
        except Exception as error:
            faults.append(f"{number}: {error!r}")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


def _send(project: Project, user: User, *datasets: Any) -> None:
    upload = upload_open(project=project, received_by=user, door=Upload.Door.STOW)
    for dataset in datasets:
        [verdict] = arrived(made.file_bytes(dataset), project, user, upload=upload)
        assert verdict.outcome == "stored", verdict.code
    upload_finish(upload=upload)


def test_senders_of_one_study_lose_no_count(people: tuple[Project, User]) -> None:
    project, user = people

    def work(number: int) -> None:
        for one in range(EACH):
            dataset = made.dicom_dataset(
                "shared", sop_class=CTImageStorage, modality=("CT", "MR", "US")[number % 3], series=str(number % 3)
            )
            made.number_instance(dataset, number * EACH + one + 1, "shared", str(number % 3))
            made.set_pixels(dataset, np.full((4, 4), number, np.int16))
            _send(project, user, dataset)

    assert _in_threads(work, SENDERS) == []
    study = Study.objects.get()
    assert study.number_of_study_related_instances == Instance.objects.count() == SENDERS * EACH
    assert study.number_of_study_related_series == 3
    assert study.modalities_in_study == "CT\\MR\\US"
    counts = study.series.order_by("modality").values_list("number_of_series_related_instances", flat=True)
    assert list(counts) == [2 * EACH] * 3
    assert Workitem.objects.count() == 1


def test_each_sender_finds_its_study_by_modality_count_and_worklist_at_once(people: tuple[Project, User]) -> None:
    project, user = people

    def work(number: int) -> None:
        client = Client()
        client.force_login(user)
        for one in range(EACH):
            name = f"own-{number}-{one}"
            _send(project, user, made.ct_slice(name, 1), made.ct_slice(name, 2))
            uid = str(made.file_uid(name, "study"))
            query = {"ModalitiesInStudy": "CT", "PatientID": f"ID-{name}"}
            [row] = client.get("/dicomweb/studies", query).json()
            assert row["0020000D"]["Value"] == [uid]
            assert (row["00201206"]["Value"], row["00201208"]["Value"]) == ([1], [2])
            page = client.get("/api/v1/workitems", {"q": f"ID-{name}"}).json()
            assert [found["study"]["modalities"] for found in page["results"]] == [["CT"]]

    assert _in_threads(work, SENDERS) == []


def test_senders_of_one_patient_id_with_different_names_never_miss_a_clash(people: tuple[Project, User]) -> None:
    project, user = people

    def work(number: int) -> None:
        for one in range(EACH):
            dataset = made.ct_slice(f"clash-{number}-{one}")
            dataset.PatientID, dataset.PatientName = f"SHARED-{one}", f"Person^Number{number}"
            _send(project, user, dataset)

    assert _in_threads(work, SENDERS) == []
    assert Study.objects.filter(patient__identity_clash=True).count() == Study.objects.count() == SENDERS * EACH
    assert len({study.patient_id for study in Study.objects.all()}) == EACH

"""QIDO-RS: the searches that viewers and scripts make find what they should, and only what the user may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from core.models import Project
from tests.imaging.archive import archived, bundled

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.models import User
    from imaging.models import Instance

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def ct(project: Project, radiologist: User) -> Instance:
    return archived(bundled("CT_small.dcm"), project, radiologist)


@pytest.fixture
def mr(project: Project, radiologist: User) -> Instance:
    return archived(bundled("MR_small.dcm"), project, radiologist)


@pytest.fixture
def client(radiologist: User) -> Client:
    client = Client()
    client.force_login(radiologist)
    return client


def uids(client: Client, path: str, tag: str = "0020000D", **query: object) -> set[str]:
    response = client.get(f"/dicomweb/{path}", query, headers={"Accept": "application/dicom+json"})
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/dicom+json"
    return {str(row[tag]["Value"][0]) for row in response.json()}


def test_every_attribute_matches_as_the_standard_says(client: Client, ct: Instance, mr: Instance) -> None:
    ct_study, mr_study = ct.series.study.study_instance_uid, mr.series.study.study_instance_uid
    both, only_ct = {ct_study, mr_study}, {ct_study}
    study = ct.series.study
    day = f"{study.study_date:%Y%m%d}"
    name = study.patient_name
    dates = {row.series.study.study_instance_uid: row.series.study.study_date for row in (ct, mr)}
    searches: list[tuple[dict[str, object], set[str]]] = [
        ({}, both),
        ({"PatientID": study.patient.patient_id}, only_ct),
        ({"00100020": study.patient.patient_id}, only_ct),
        ({"00100020": f"*{study.patient.patient_id[1:3]}*"}, only_ct),
        ({"PatientName": name.lower()}, only_ct),
        ({"PatientName": f"{name[:-1].upper()}*"}, only_ct),
        ({"PatientName": "?" + name[1:]}, only_ct),
        ({"PatientName": "*"}, both),
        ({"PatientName": ""}, both),
        ({"PatientName": "nobody*"}, set()),
        ({"ModalitiesInStudy": "CT"}, only_ct),
        ({"ModalitiesInStudy": "CT,MR"}, both),
        ({"ModalitiesInStudy": "C"}, set()),
        ({"StudyDate": day}, {uid for uid, on in dates.items() if on == study.study_date}),
        ({"StudyDate": f"{day}-"}, {uid for uid, on in dates.items() if on >= study.study_date}),
        ({"StudyDate": f"{day}-{day}"}, {uid for uid, on in dates.items() if on == study.study_date}),
        ({"StudyDate": "-19000101"}, set()),
        ({"StudyInstanceUID": f"{ct_study},{mr_study}"}, both),
        ({"StudyInstanceUID": f"{ct_study}\\1.2.3"}, only_ct),
        ({"StudyDescription": f"*{study.study_description[1:]}*", "PatientID": study.patient.patient_id}, only_ct),
    ]
    for query, expected in searches:
        assert uids(client, "studies", **query) == expected, query


def test_ohifs_study_list_search_is_answered_with_what_it_shows(client: Client, ct: Instance) -> None:
    fields = "00081030%2C00080060%2C00080090%2C00100030"
    response = client.get(f"/dicomweb/studies?limit=101&offset=0&fuzzymatching=false&includefield={fields}")
    (row,) = response.json()
    study = ct.series.study
    assert row["00100010"]["Value"] == [{"Alphabetic": study.patient_name}]
    assert row["00100020"]["Value"] == [study.patient.patient_id]
    assert row["00080061"]["Value"] == ["CT"]
    assert (row["00201206"]["Value"], row["00201208"]["Value"]) == ([1], [1])
    assert row["00080060"]["vr"] == "CS", "asked for, from the header"
    assert {"00080020", "00080030", "00080050", "00081030", "00100030", "00200010", "00081190"} <= set(row)


def test_ohifs_series_search_finds_dates_that_no_column_holds(client: Client, ct: Instance) -> None:
    study = ct.series.study.study_instance_uid
    response = client.get(f"/dicomweb/studies/{study}/series?includefield=00080021,00080031,0008103E,00200011")
    (row,) = response.json()
    assert row["0020000E"]["Value"] == [ct.series.series_instance_uid]
    assert row["00080060"]["Value"] == ["CT"]
    assert row["00080021"]["Value"][0].isdigit()
    assert "Value" in row["00080031"]


def test_series_and_instances_are_found_at_every_level(client: Client, ct: Instance, mr: Instance) -> None:
    study, series = ct.series.study.study_instance_uid, ct.series.series_instance_uid
    assert uids(client, "series", "0020000E") == {series, mr.series.series_instance_uid}
    assert uids(client, "series", "0020000E", Modality="MR") == {mr.series.series_instance_uid}
    assert uids(client, "series", "0020000E", StudyInstanceUID=study) == {series}
    for path in ("instances", f"studies/{study}/instances", f"studies/{study}/series/{series}/instances"):
        assert ct.sop_instance_uid in uids(client, path, "00080018", SOPInstanceUID=ct.sop_instance_uid)
    assert uids(client, "instances", "00080018", Rows=ct.rows, PatientName="*") == {ct.sop_instance_uid}
    everything = client.get(f"/dicomweb/studies/{study}/instances?includefield=all").json()[0]
    assert everything["00180050"]["vr"] == "DS", "slice thickness comes from the header"


def test_pages_do_not_overlap(client: Client, ct: Instance, mr: Instance) -> None:
    first, second = (uids(client, "studies", limit=1, offset=offset) for offset in (0, 1))
    assert len(first) == len(second) == 1
    assert first != second
    assert uids(client, "studies", limit=1, offset=2) == set()


def test_what_is_not_understood_is_said(client: Client, ct: Instance) -> None:
    ignored = client.get("/dicomweb/studies?NoSuchWord=1")
    assert ignored.status_code == 200
    assert ignored["Warning"].startswith("299")
    for query in ("StudyDate=yesterday", "limit=many", "offset=-1", "NumberOfStudyRelatedSeries=x"):
        refused = client.get(f"/dicomweb/studies?{query}")
        assert (refused.status_code, refused.json()["code"]) == (400, "parameter_wrong"), query
    xml = client.get("/dicomweb/studies", headers={"Accept": "application/dicom+xml"})
    assert (xml.status_code, xml.json()["code"]) == (406, "not_acceptable")


def test_a_stranger_finds_nothing_and_nobody_is_told_to_log_in(ct: Instance, stranger: User) -> None:
    study = ct.series.study.study_instance_uid
    client = Client()
    assert client.get("/dicomweb/studies").status_code == 401
    client.force_login(stranger)
    assert client.get("/dicomweb/studies").json() == []
    assert client.get("/dicomweb/instances").json() == []
    for path in (f"studies/{study}/series", f"studies/{study}/metadata", f"studies/{study}", "projects/chest/studies"):
        assert client.get(f"/dicomweb/{path}").status_code == 404, path


def test_a_project_shows_its_own_studies_only(
    client: Client, ct: Instance, mr: Instance, radiologist: User, make_user: Callable[..., User]
) -> None:
    from core.models import Membership
    from imaging.models import ProjectStudy

    other = Project.objects.create(slug="brain", title="Brain")
    Membership.objects.create(project=other, user=radiologist, role="radiologist")
    ProjectStudy.objects.create(project=other, study=mr.series.study)
    assert uids(client, "projects/brain/studies") == {mr.series.study.study_instance_uid}
    assert len(uids(client, "projects/chest/studies")) == 2
    ct_study = ct.series.study.study_instance_uid
    assert client.get(f"/dicomweb/projects/brain/studies/{ct_study}/metadata").status_code == 404
    found: list[dict[str, Any]] = client.get("/dicomweb/projects/brain/studies").json()
    assert "/dicomweb/projects/brain/studies/" in found[0]["00081190"]["Value"][0]

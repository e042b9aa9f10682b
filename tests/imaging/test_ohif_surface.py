"""The requests an unmodified OHIF 3.13 makes, word for word, over HTTP against the real server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests

from core.models import ApiToken
from imaging.dicom.frames import frame_bytes
from tests.imaging.archive import archived, bundled

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.models import Project, User
    from imaging.models import Instance

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore")]
JSON = "application/dicom+json"
STUDY_FIELDS = "00081030%2C00080060%2C00080090%2C00100030"
SERIES_FIELDS = "00080021%2C00080031%2C0008103E%2C00200011"


@pytest.fixture
def stored(project: Project, radiologist: User) -> dict[str, Instance]:
    names = ("CT_small.dcm", "MR_small_RLE.dcm", "examples_ybr_color.dcm")
    return {name: archived(bundled(name), project, radiologist) for name in names}


@pytest.fixture
def get(server_url: str, radiologist: User, stored: dict[str, Instance]) -> Callable[..., requests.Response]:
    _, token = ApiToken.objects.create(user=radiologist, name="ohif")
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    return lambda path, accept=JSON: session.get(f"{server_url}/dicomweb{path}", headers={"Accept": accept}, timeout=30)


def where(instance: Instance) -> tuple[str, str]:
    study = f"/studies/{instance.series.study.study_instance_uid}"
    return study, f"{study}/series/{instance.series.series_instance_uid}"


def rows(response: requests.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == JSON
    found: list[dict[str, Any]] = response.json()
    return found


def test_the_study_list_and_all_its_filters(get: Callable[..., requests.Response], stored: dict[str, Instance]) -> None:
    common = f"limit=101&offset=0&fuzzymatching=false&includefield={STUDY_FIELDS}"
    every = rows(get(f"/studies?{common}"))
    assert len(every) == 3
    needed = ("00100010", "00100020", "00080020", "00080030", "0020000D", "00080061", "00201206", "00201208")
    assert all("Value" in row[tag] for row in every for tag in needed)
    ct = stored["CT_small.dcm"].series.study
    filters = {
        "PatientName=*samples*": 2,
        f"00100020=*{ct.patient.patient_id}*": 1,
        f"00100020={ct.patient.patient_id}": 1,
        "ModalitiesInStudy=CT%2CMR": 2,
        "StudyDate=20040101-20041231": 2,
        f"StudyInstanceUID={ct.study_instance_uid}": 1,
        "AccessionNumber=*nothing*": 0,
        f"StudyDescription=*{quote(ct.study_description[1:])}*&ModalitiesInStudy=CT": 1,
    }
    for query, count in filters.items():
        assert len(rows(get(f"/studies?{query}&{common}"))) == count, query


def test_series_their_metadata_and_their_frames(
    get: Callable[..., requests.Response], stored: dict[str, Instance]
) -> None:
    for name, instance in stored.items():
        study, series = where(instance)
        (row,) = rows(get(f"{study}/series?includefield={SERIES_FIELDS}"))
        assert row["00080060"]["Value"] == [instance.series.modality]
        assert row["00201209"]["Value"] == [1]
        (header,) = rows(get(f"{series}/metadata"))
        assert header["00080018"]["Value"] == [instance.sop_instance_uid]
        accept = "multipart/related; type=application/octet-stream; transfer-syntax=*"
        frame = get(f"{series}/instances/{instance.sop_instance_uid}/frames/1", accept)
        assert frame.status_code == 200
        assert frame.headers["Content-Type"].startswith("multipart/related")
        assert f"transfer-syntax={instance.transfer_syntax_uid}".encode() in frame.content[:300]
        assert frame_bytes(bundled(name), 1) in frame.content


def test_thumbnails_whole_instances_and_related_studies(
    get: Callable[..., requests.Response], stored: dict[str, Instance]
) -> None:
    instance = stored["MR_small_RLE.dcm"]
    _, series = where(instance)
    path = f"{series}/instances/{instance.sop_instance_uid}"
    thumbnail = get(f"{path}/thumbnail?viewport=256%2C256", "image/jpeg")
    assert (thumbnail.status_code, thumbnail.content[:2]) == (200, b"\xff\xd8")
    whole = get(path, 'multipart/related; type="application/dicom"')
    assert bundled("MR_small_RLE.dcm").read_bytes() in whole.content
    related = rows(get(f"/studies?00100020={instance.series.study.patient.patient_id}&limit=101"))
    assert len(related) == 1

"""The archive as Python's own DICOMweb client sees it, over HTTP, against the real server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread
from pydicom.dataset import Dataset
from requests.exceptions import HTTPError

from core.models import ApiToken
from imaging.dicom.decoding import decode_frame
from tests.imaging.archive import archived, bundled

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.models import Project, User
    from imaging.models import Instance

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore")]
ANY = (("application/octet-stream", "*"),)


@pytest.fixture
def client_of(server_url: str) -> Callable[[User], DICOMwebClient]:
    def make(user: User) -> DICOMwebClient:
        _, token = ApiToken.objects.create(user=user, name="test")
        return DICOMwebClient(f"{server_url}/dicomweb", headers={"Authorization": f"Bearer {token}"})

    return make


def uids(instance: Instance) -> tuple[str, str, str]:
    series = instance.series
    return series.study.study_instance_uid, series.series_instance_uid, instance.sop_instance_uid


def test_it_searches_reads_metadata_and_gets_the_very_pixels(
    client_of: Callable[[User], DICOMwebClient], project: Project, radiologist: User
) -> None:
    ct = archived(bundled("CT_small.dcm"), project, radiologist)
    archived(bundled("MR_small.dcm"), project, radiologist)
    client = client_of(radiologist)
    assert len(client.search_for_studies()) == 2
    study, series, instance = uids(ct)
    found = client.search_for_studies(search_filters={"PatientID": ct.series.study.patient.patient_id}, limit=5)
    assert [Dataset.from_json(row).StudyInstanceUID for row in found] == [study]
    assert client.search_for_series(study)[0]["0020000E"]["Value"] == [series]
    assert client.search_for_instances(study, series)[0]["00080018"]["Value"] == [instance]
    header = Dataset.from_json(client.retrieve_instance_metadata(study, series, instance))
    source = dcmread(bundled("CT_small.dcm"))
    assert (header.Rows, header.PatientID, header.RescaleIntercept) == (
        source.Rows, source.PatientID, source.RescaleIntercept,
    )  # fmt: skip
    assert len(client.retrieve_series_metadata(study, series)) == len(client.retrieve_study_metadata(study)) == 1
    (frame,) = client.retrieve_instance_frames(study, series, instance, frame_numbers=[1])
    assert np.array_equal(np.frombuffer(frame, "<i2").reshape(128, 128), source.pixel_array)
    retrieved = client.retrieve_instance(study, series, instance)
    assert np.array_equal(retrieved.pixel_array, source.pixel_array)
    assert len(client.retrieve_series(study, series)) == len(client.retrieve_study(study)) == 1


def test_frames_of_a_compressed_clip_come_as_stored_or_decoded(
    client_of: Callable[[User], DICOMwebClient], project: Project, radiologist: User
) -> None:
    cine = archived(bundled("examples_ybr_color.dcm"), project, radiologist)
    client = client_of(radiologist)
    stored = client.retrieve_instance_frames(*uids(cine), frame_numbers=[1, 30], media_types=(("image/jpeg", "*"),))
    assert [frame[:2] for frame in stored] == [b"\xff\xd8"] * 2
    plain = client.retrieve_instance_frames(
        *uids(cine), frame_numbers=[7], media_types=(("application/octet-stream", "1.2.840.10008.1.2.1"),)
    )
    expected = decode_frame(bundled("examples_ybr_color.dcm"), 7).pixels
    assert np.array_equal(np.frombuffer(plain[0], np.uint8).reshape(expected.shape), expected)


def test_all_nine_encodings_of_one_real_image_give_identical_pixels(
    client_of: Callable[[User], DICOMwebClient], project: Project, radiologist: User, real_images: Path
) -> None:
    client = client_of(radiologist)
    decoded = set()
    files = sorted((real_images / "dicom" / "one-mr-nine-encodings").glob("*.dcm"))
    assert len(files) == 9
    for path in files:
        instance = archived(path, project, radiologist)
        (frame,) = client.retrieve_instance_frames(
            *uids(instance), frame_numbers=[1], media_types=(("application/octet-stream", "1.2.840.10008.1.2.1"),)
        )
        decoded.add(bytes(frame))
    assert len(decoded) == 1


def test_pictures_are_rendered(
    client_of: Callable[[User], DICOMwebClient], project: Project, radiologist: User
) -> None:
    ct = archived(bundled("CT_small.dcm"), project, radiologist)
    client = client_of(radiologist)
    jpeg = client.retrieve_instance_rendered(*uids(ct), media_types=("image/jpeg",), params={"viewport": "64,64"})
    png = client.retrieve_instance_frames_rendered(*uids(ct), frame_numbers=[1], media_types=("image/png",))
    assert (jpeg[:2], png[:4]) == (b"\xff\xd8", b"\x89PNG")


def test_what_it_stores_it_finds_again(
    client_of: Callable[[User], DICOMwebClient], project: Project, radiologist: User
) -> None:
    client = client_of(radiologist)
    sources = [dcmread(bundled(name)) for name in ("CT_small.dcm", "MR_small_RLE.dcm")]
    answer = client.store_instances(sources)
    assert len(answer.ReferencedSOPSequence) == 2
    for source in sources:
        again = client.retrieve_instance(source.StudyInstanceUID, source.SeriesInstanceUID, source.SOPInstanceUID)
        assert np.array_equal(again.pixel_array, source.pixel_array)


def test_a_stranger_sees_nothing(
    client_of: Callable[[User], DICOMwebClient], project: Project, radiologist: User, stranger: User
) -> None:
    ct = archived(bundled("CT_small.dcm"), project, radiologist)
    client = client_of(stranger)
    assert client.search_for_studies() == []
    for ask in (client.retrieve_instance_metadata, client.retrieve_instance):
        with pytest.raises(HTTPError) as refused:
            ask(*uids(ct))
        assert refused.value.response.status_code == 404
    with pytest.raises(HTTPError) as refused:
        client.retrieve_instance_frames(*uids(ct), frame_numbers=[1])
    assert refused.value.response.status_code == 404

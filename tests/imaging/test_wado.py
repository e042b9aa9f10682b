"""WADO-RS: metadata, files, frames, pictures and bulk data come as the standard says, and only to who may see them."""

from __future__ import annotations

import json
import zlib
from email import message_from_bytes
from email.policy import HTTP
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from django.test import Client
from PIL import Image
from pydicom import dcmread

from core import blobs
from core.models import AuditEvent
from imaging.dicom.decoding import decode_frame
from imaging.dicom.pixels import rgb_frame
from imaging.dicomweb import rendered
from imaging.models import Instance
from tests.imaging.archive import address, archived, bundled

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from core.models import Project, User

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def store(project: Project, radiologist: User) -> Callable[[str], Instance]:
    return lambda name: archived(bundled(name), project, radiologist)


@pytest.fixture
def client(radiologist: User) -> Client:
    client = Client()
    client.force_login(radiologist)
    return client


def parts(response: HttpResponse) -> list[tuple[str, bytes]]:
    """Read a multipart answer with Python's own reader, not with ours."""
    body = response.getvalue()
    if response.has_header("Content-Length"):
        assert int(response["Content-Length"]) == len(body)
    message = message_from_bytes(f"Content-Type: {response['Content-Type']}\r\n\r\n".encode() + body, policy=HTTP)
    assert message.is_multipart()
    # Python's reader writes parameters quoted; the quotes mean nothing.
    return [
        (str(part["Content-Type"]).replace('"', ""), part.get_payload(decode=True)) for part in message.iter_parts()
    ]


def study_of(instance: Instance) -> str:
    return f"/dicomweb/studies/{instance.series.study.study_instance_uid}"


def test_metadata_are_the_header_without_pixels(client: Client, store: Callable[[str], Instance]) -> None:
    ct = store("CT_small.dcm")
    (header,) = client.get(address(ct, "/metadata")).json()
    assert header["00080018"]["Value"] == [ct.sop_instance_uid]
    assert header["00281053"]["Value"] == [1]
    assert not any(tag.startswith("7FE0") for tag in header)
    series = f"{study_of(ct)}/series/{ct.series.series_instance_uid}/metadata"
    assert client.get(series).json() == client.get(f"{study_of(ct)}/metadata").json() == [header]
    tag = client.get(series)["ETag"]
    assert client.get(series, headers={"If-None-Match": tag}).status_code == 304


def test_files_come_back_byte_for_byte(client: Client, store: Callable[[str], Instance]) -> None:
    ct = store("CT_small.dcm")
    original = bundled("CT_small.dcm").read_bytes()
    for path in (study_of(ct), f"{study_of(ct)}/series/{ct.series.series_instance_uid}", address(ct)):
        ((kind, content),) = parts(client.get(path, headers={"Accept": 'multipart/related; type="application/dicom"'}))
        assert content == original
        assert kind.startswith("application/dicom")
        assert ct.transfer_syntax_uid in kind
    bare = client.get(address(ct), headers={"Accept": "application/dicom"})
    assert (bare["Content-Type"], bare.getvalue()) == ("application/dicom", original)
    other = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.50'
    assert client.get(address(ct), headers={"Accept": other}).status_code == 406


@pytest.mark.parametrize(
    ("name", "syntax"),
    [
        ("CT_small.dcm", "1.2.840.10008.1.2.1"),
        ("MR_small_RLE.dcm", "1.2.840.10008.1.2.5"),
        ("MR_small_jp2klossless.dcm", "1.2.840.10008.1.2.4.90"),
        ("MR_small_bigendian.dcm", "1.2.840.10008.1.2.1"),
        ("image_dfl.dcm", "1.2.840.10008.1.2.1"),
    ],
)
def test_frames_come_as_stored_or_uncompressed_as_the_client_asks(
    client: Client, store: Callable[[str], Instance], name: str, syntax: str
) -> None:
    instance = store(name)
    expected = decode_frame(bundled(name)).pixels
    accept = "multipart/related; type=application/octet-stream; transfer-syntax=*"
    ((kind, _),) = parts(client.get(address(instance, "/frames/1"), headers={"Accept": accept}))
    assert kind.replace(" ", "") == f"application/octet-stream;transfer-syntax={syntax}"
    plain = client.get(
        address(instance, "/frames/1"), headers={"Accept": 'multipart/related; type="application/octet-stream"'}
    )
    ((kind, content),) = parts(plain)
    assert "transfer-syntax=1.2.840.10008.1.2.1" in kind
    little = expected.dtype.newbyteorder("<")
    assert np.array_equal(np.frombuffer(content, little).reshape(expected.shape), expected)


def test_a_list_of_frames_comes_in_its_order(client: Client, store: Callable[[str], Instance]) -> None:
    cine = store("examples_ybr_color.dcm")
    accept = {"Accept": 'multipart/related; type="image/jpeg"'}
    several = parts(client.get(address(cine, "/frames/3,1,30"), headers=accept))
    singles = [parts(client.get(address(cine, f"/frames/{n}"), headers=accept))[0] for n in (3, 1, 30)]
    assert several == singles
    assert all(content.startswith(b"\xff\xd8") for _, content in several)
    for wrong, status in (("31", 404), ("0", 404), ("1,x", 400), ("-1", 400)):
        assert client.get(address(cine, f"/frames/{wrong}")).status_code in {status, 404}, wrong
    unknown = client.get(address(cine, "/frames/1"), headers={"Accept": 'multipart/related; type="image/jls"'})
    assert (unknown.status_code, unknown.json()["code"]) == (406, "not_acceptable")


def test_a_palette_image_is_presented_and_sent_as_rgb(client: Client, store: Callable[[str], Instance]) -> None:
    palette = store("examples_palette.dcm")
    (header,) = client.get(address(palette, "/metadata")).json()
    facts = {tag: header[tag]["Value"][0] for tag in ("00280002", "00280004", "00280100", "00280010", "00280011")}
    assert (facts["00280002"], facts["00280004"], facts["00280100"]) == (3, "RGB", 8)
    ((kind, content),) = parts(client.get(address(palette, "/frames/1")))
    assert "transfer-syntax=1.2.840.10008.1.2.1" in kind
    assert content == rgb_frame(bundled("examples_palette.dcm"))
    assert len(content) == facts["00280010"] * facts["00280011"] * 3
    ((_, stored),) = parts(client.get(address(palette)))
    assert stored == bundled("examples_palette.dcm").read_bytes(), "the file itself is untouched"


def test_rendered_pictures_obey_window_viewport_and_format(client: Client, store: Callable[[str], Instance]) -> None:
    ct = store("CT_small.dcm")
    path = address(ct, "/rendered")
    default = client.get(path, headers={"Accept": "image/jpeg"})
    assert default["Content-Type"] == "image/jpeg"
    assert Image.open(BytesIO(default.content)).size == (128, 128)
    png = client.get(path, {"window": "-600,1,linear"}, headers={"Accept": "image/png"})
    picture = np.asarray(Image.open(BytesIO(png.content)))
    source = dcmread(bundled("CT_small.dcm"))
    values = source.pixel_array * float(source.RescaleSlope) + float(source.RescaleIntercept)
    assert np.array_equal(picture == 255, values > -600.5)
    small = client.get(path, {"viewport": "32,64", "accept": "image/png"})
    assert Image.open(BytesIO(small.content)).size == (32, 32)
    frame = client.get(address(store("examples_ybr_color.dcm"), "/frames/12/rendered"))
    assert Image.open(BytesIO(frame.content)).size == (320, 240)
    assert client.get(path, headers={"If-None-Match": default["ETag"], "Accept": "image/jpeg"}).status_code == 304
    for query in (
        "window=1",
        "window=1,0",
        "window=a,b",
        "viewport=0,5",
        "viewport=x",
        "quality=0",
        "window=1,2,cubic",
    ):
        refused = client.get(f"{path}?{query}")
        assert (refused.status_code, refused.json()["code"]) == (400, "parameter_wrong"), query


def test_thumbnails_exist_at_every_level_and_a_report_has_none(
    client: Client, store: Callable[[str], Instance]
) -> None:
    cine = store("examples_ybr_color.dcm")
    series = f"{study_of(cine)}/series/{cine.series.series_instance_uid}"
    for path in (study_of(cine), series, address(cine), address(cine, "/frames/2")):
        thumbnail = client.get(f"{path}/thumbnail?viewport=256,256", headers={"Accept": "image/jpeg"})
        assert max(Image.open(BytesIO(thumbnail.content)).size) == 256
    report = store("reportsi.dcm")
    for below in ("/thumbnail", "/rendered", "/frames/1"):
        refused = client.get(address(report, below))
        assert refused.status_code == 404
        assert refused.json()["code"] in ("no_picture", "no_pixels")
    assert client.get(address(report, "/metadata")).status_code == 200


@pytest.mark.parametrize("header", [{}, {"00280010": {"vr": "US", "Value": [128]}}])
def test_an_image_whose_stored_header_says_no_size_is_refused_in_words(
    header: dict[str, object], client: Client, store: Callable[[str], Instance]
) -> None:
    ct = store("CT_small.dcm")
    rendered._memo.clear()
    Instance.objects.filter(pk=ct.pk).update(header_digest=blobs.put(zlib.compress(json.dumps(header).encode())))
    values = address(ct, "/frames/1/values").replace("/dicomweb/", "/api/v1/")
    for path in (address(ct, "/rendered"), address(ct, "/thumbnail"), address(ct, "/frames/1/rendered"), values):
        refused = client.get(path)
        assert (refused.status_code, refused.json()["code"]) == (422, "image_header_incomplete"), path
    missing = client.get(values.replace("/frames/1/", "/frames/2/"))
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_frame")


def test_bulk_data_addresses_can_be_followed(client: Client, store: Callable[[str], Instance]) -> None:
    overlay = store("examples_overlay.dcm")
    (header,) = client.get(address(overlay, "/metadata")).json()
    uri = header["60003000"]["BulkDataURI"]
    assert uri.startswith("http://testserver/dicomweb/studies/")
    expected = dcmread(bundled("examples_overlay.dcm"))[0x60003000].value
    assert client.get(uri, headers={"Accept": "application/octet-stream"}).content == expected
    ((_, content),) = parts(client.get(uri, headers={"Accept": 'multipart/related; type="application/octet-stream"'}))
    assert content == expected
    assert client.get(address(overlay, "/bulkdata/7FE00010")).status_code == 404


def test_a_stranger_gets_404_for_everything(store: Callable[[str], Instance], stranger: User) -> None:
    ct = store("CT_small.dcm")
    client = Client()
    client.force_login(stranger)
    for below in ("", "/metadata", "/frames/1", "/frames/1,1", "/rendered", "/thumbnail", "/bulkdata/00100010"):
        assert client.get(address(ct, below)).status_code == 404, below
    assert not AuditEvent.objects.filter(event_type="series.read").exists()


def test_an_address_must_be_consistent(client: Client, store: Callable[[str], Instance]) -> None:
    ct, mr = store("CT_small.dcm"), store("MR_small.dcm")
    mixed = f"{study_of(ct)}/series/{mr.series.series_instance_uid}/instances/{mr.sop_instance_uid}/metadata"
    assert client.get(mixed).status_code == 404


def test_reading_images_is_audited_once_in_a_while(
    client: Client, store: Callable[[str], Instance], radiologist: User
) -> None:
    ct = store("CT_small.dcm")
    for _ in range(3):
        client.get(address(ct, "/metadata"))
        client.get(address(ct, "/rendered"))
    reads = AuditEvent.objects.filter(event_type="series.read", actor_id=str(radiologist.pk))
    assert [event.object_id for event in reads] == [str(ct.series_id)]

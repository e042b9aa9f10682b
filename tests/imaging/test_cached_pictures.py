"""What a browser keeps of a picture ends with what the picture was made of: the version, its series, this program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.test import Client

from imaging.dicom import pixels
from imaging.dicomweb import frame_bodies, rendered
from imaging.models import Instance, InstanceConflict
from imaging.services.conflicts import conflict_decide
from tests.factories import dicom_files as made
from tests.imaging.arriving import arrived
from webapp.api import frames as frames_api

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = pytest.mark.django_db


def _image() -> Any:
    """Return a slice without a window, with a table and an overlay plane."""
    dataset = made.ct_slice()
    del dataset.WindowCenter, dataset.WindowWidth
    return dataset


def _with_extras(dataset: Any) -> Any:
    from pydicom.dataset import Dataset

    table = Dataset()
    table.LUTDescriptor = [16, 0, 8]
    table.add_new(0x00283006, "OW", bytes(range(16)))
    dataset.VOILUTSequence = [table]
    for element, vr, value in ((0x10, "US", 16), (0x11, "US", 16), (0x40, "CS", "G"), (0x50, "SS", [1, 1])):
        dataset.add_new((0x6000, element), vr, value)
    dataset.add_new((0x6000, 0x0100), "US", 1)
    dataset.add_new((0x6000, 0x0102), "US", 0)
    dataset.add_new((0x6000, 0x3000), "OW", b"\1" * 32)
    return dataset


def _addresses(dataset: Any) -> list[str]:
    series = f"studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
    instance = f"{series}/instances/{dataset.SOPInstanceUID}"
    return [
        *(f"/dicomweb/{place}/{name}" for place in (series, instance) for name in ("rendered", "thumbnail")),
        f"/dicomweb/{instance}/frames/1/rendered",
        f"/dicomweb/{instance}/frames/1",
        f"/dicomweb/{instance}",
        f"/dicomweb/{instance}/metadata",
        f"/api/v1/{series}/frames",
        f"/api/v1/{instance}/frames/1/values",
        f"/api/v1/{instance}/frames/1/voi-tables/0",
        f"/api/v1/{instance}/frames/1/overlays/{0x6000}",
    ]


def _seen(client: Client, address: str) -> tuple[str, str, str]:
    """Return tag, cache header, and the body's own digest; the same tag again must be answered by 304."""
    accept = {"Accept": "application/dicom"} if address.rpartition("/instances/")[2].count("/") == 0 else {}
    answer = client.get(address, headers=accept)
    assert answer.status_code == 200, address
    body = answer.getvalue() if hasattr(answer, "getvalue") else answer.content
    again = client.get(address, headers={**accept, "If-None-Match": answer["ETag"]})
    assert (again.status_code, again.getvalue()) == (304, b""), address
    return answer["ETag"], answer["Cache-Control"], body.hex()


def test_no_kept_picture_outlives_the_version_that_an_admin_chose(
    project: Project, radiologist: User, admin: User
) -> None:
    first, second = _with_extras(_image()), _with_extras(_image())
    second.PixelData = (np.frombuffer(first.PixelData, np.int16) + 9).astype("<i2").tobytes()
    second.VOILUTSequence[0].LUTData = bytes(range(1, 17))
    second[0x6000, 0x3000].value = b"\3" * 32
    client = Client()
    client.force_login(radiologist)
    arrived(made.file_bytes(first), project, radiologist)
    before = {address: _seen(client, address) for address in _addresses(first)}
    arrived(made.file_bytes(second), project, radiologist)
    conflict_decide(conflict=InstanceConflict.objects.get(), verdict="supersede", reason="repainted", by=admin)
    for address, (tag, kept, body) in before.items():
        assert "no-cache" in kept, f"{address} may be kept without asking"
        now = _seen(client, address)
        assert now[0] != tag, f"{address} has another content under its old tag"
        if "/metadata" not in address and not address.endswith("/frames"):
            assert now[2] != body, address
    instance = Instance.objects.get()
    frame = next(address for address in before if address.startswith("/dicomweb") and address.endswith("frames/1"))
    keep = {version: _seen(client, f"{frame}?v={version}.{pixels.REVISION}")[1] for version in (1, instance.version)}
    assert keep == {1: "private, no-cache", 2: "private, max-age=31536000, immutable"}, "only what an address names"


def test_a_picture_by_the_values_of_its_series_changes_with_the_series(project: Project, radiologist: User) -> None:
    dataset = _image()
    client = Client()
    client.force_login(radiologist)
    arrived(made.file_bytes(dataset), project, radiologist)
    pictures = [address for address in _addresses(dataset) if "/instances/" in address and "/rendered" in address]
    before = [_seen(client, address) for address in pictures]
    brighter = made.ct_slice(number=2)
    brighter.PixelData = (np.frombuffer(dataset.PixelData, np.int16) * 8).astype("<i2").tobytes()
    del brighter.WindowCenter, brighter.WindowWidth
    arrived(made.file_bytes(brighter), project, radiologist)
    for address, (tag, _, body) in zip(pictures, before, strict=True):
        now = _seen(client, address)
        assert (now[0] != tag, now[2] != body) == (True, True), address


def test_another_revision_of_this_program_gives_every_computed_picture_another_tag(
    project: Project, radiologist: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = _with_extras(_image())
    palette = made.palette_image()
    client = Client()
    client.force_login(radiologist)
    for one in (dataset, palette):
        arrived(made.file_bytes(one), project, radiologist)
    converted = [address for address in _addresses(palette) if address.endswith("frames/1") and "dicomweb" in address]
    stored = f"/dicomweb/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}/instances/"
    computed = [
        address
        for address in _addresses(dataset)
        if "rendered" in address or "thumbnail" in address or "/api" in address
    ]
    before = {address: _seen(client, address)[0] for address in [*computed, *converted]}
    for module in (pixels, frame_bodies.pixels, rendered, frames_api):
        monkeypatch.setattr(module, "REVISION", "next")
    import imaging.selectors

    monkeypatch.setattr(imaging.selectors, "REVISION", "next")
    assert {address for address, tag in before.items() if _seen(client, address)[0] == tag} == set()
    bare = f"{stored}{dataset.SOPInstanceUID}/frames/1?accept=application/octet-stream;transfer-syntax=*"
    assert "next" not in client.get(bare)["ETag"], "stored bytes stay what they are"

"""Zips: each entry is judged by itself, its name is never a path, and nothing unpacks without end."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from typing import TYPE_CHECKING

import pytest

from core.errors import Conflict
from imaging.models import Instance, Upload
from imaging.services.uploads import upload_finish, upload_open
from imaging.services.zip_entries import zip_entries
from tests.factories import dicom_files as made
from tests.imaging.arriving import arrived, told

if TYPE_CHECKING:
    from pathlib import Path

    from core.models import Project, User

pytestmark = pytest.mark.django_db


def _zip(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content, method)
    return buffer.getvalue()


def test_every_entry_of_a_zip_gets_its_own_verdict(project: Project, radiologist: User) -> None:
    first, second = made.ct_series(slices=2)
    link = zipfile.ZipInfo("link.dcm")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    verdicts = arrived(
        _zip(
            ("DICOMDIR", b"a list"), ("CT/1.dcm", first), ("CT/readme.txt", b"hello"), (link, b"/etc/passwd"),
            ("__MACOSX/CT/._1.dcm", b"junk"), ("inner.zip", _zip(("x", second))), ("CT/broken.dcm", second[:500]),
            ("CT/1 again.dcm", first), ("CT/2.dcm", second),
        ), project, radiologist, name="case.zip",
    )  # fmt: skip
    assert [(verdict.file_name, verdict.outcome, verdict.code) for verdict in verdicts] == [
        ("case.zip/DICOMDIR", "refused", "not_an_image_file"),
        ("case.zip/CT/1.dcm", "stored", ""),
        ("case.zip/CT/readme.txt", "refused", "not_dicom"),
        ("case.zip/link.dcm", "refused", "not_an_image_file"),
        ("case.zip/__MACOSX/CT/._1.dcm", "refused", "not_an_image_file"),
        ("case.zip/inner.zip", "refused", "zip_nested"),
        ("case.zip/CT/broken.dcm", "refused", "truncated"),
        ("case.zip/CT/1 again.dcm", "already_stored", ""),
        ("case.zip/CT/2.dcm", "stored", ""),
    ]


def test_names_that_climb_out_are_only_names(project: Project, radiologist: User, own_data_folder: Path) -> None:
    first, second = made.ct_series(slices=2)
    before = {path for path in own_data_folder.parent.rglob("*") if path.is_file()}
    verdicts = arrived(_zip(("../../../evil.dcm", first), ("/evil.dcm", second)), project, radiologist)
    assert told(verdicts) == [("stored", ""), ("stored", "")]
    written = {path for path in own_data_folder.parent.rglob("*") if path.is_file()} - before
    assert all(path.is_relative_to(own_data_folder / "blobs") for path in written)


def test_a_bomb_among_the_entries_is_not_unpacked_and_the_rest_is_stored(project: Project, radiologist: User) -> None:
    bomb, [image] = bytes(84 << 20), made.ct_series(slices=1)
    verdicts = arrived(_zip(("bomb.dcm", bomb), ("1.dcm", image), ("bomb2", bomb)), project, radiologist)
    assert told(verdicts) == [("refused", "decompression_limit"), ("stored", ""), ("refused", "decompression_limit")]
    assert verdicts[0].byte_size < len(bomb)


def test_a_zip_of_bombs_is_given_up(project: Project, radiologist: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imaging.services.zip_entries.WASTE_LIMIT", 100 << 20)
    bomb = bytes(84 << 20)
    verdicts = arrived(_zip(*((f"{number}", bomb) for number in range(3))), project, radiologist)
    assert told(verdicts) == [("refused", "decompression_limit")] * 2 + [("refused", "zip_too_large")]


def test_the_sum_of_all_entries_is_limited(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    path.write_bytes(_zip(*((f"{number}.dcm", bytes(1 << 20)) for number in range(10))))
    entries = list(zip_entries(path, total_limit=4 << 20))
    assert [entry.code for entry in entries] == ["", "", "", "", "zip_too_large"]
    for entry in entries:
        if entry.staging is not None:
            entry.staging.unlink()


def test_a_zip_with_too_many_entries_is_refused_before_its_list_is_read(project: Project, radiologist: User) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(20_001):
            archive.writestr(str(number), b"")
    content = buffer.getvalue()
    assert told(arrived(content, project, radiologist)) == [("refused", "zip_too_large")]
    at = content.rindex(b"PK\x05\x06")
    lying = content[: at + 8] + struct.pack("<HH", 1, 1) + content[at + 12 :]
    assert told(arrived(lying, project, radiologist)) == [("refused", "zip_too_large")]
    huge = content[: at + 12] + struct.pack("<I", 0x7FFFFFFF) + content[at + 16 :]
    assert told(arrived(huge, project, radiologist)) in ([("refused", "zip_too_large")], [("refused", "zip_broken")])


def test_a_size_in_the_header_that_lies_does_not_help(project: Project, radiologist: User) -> None:
    content = bytearray(_zip(("1.dcm", made.ct_series(slices=1)[0])))
    at = content.rindex(b"PK\x01\x02")
    struct.pack_into("<I", content, at + 24, 10)
    assert told(arrived(bytes(content), project, radiologist)) in (
        [("refused", "zip_broken")], [("refused", "truncated")], [("refused", "not_dicom")],
    )  # fmt: skip
    assert not Instance.objects.exists()


def test_broken_encrypted_and_unusual_zips_are_refused(project: Project, radiologist: User) -> None:
    [image] = made.ct_series(slices=1)
    assert told(arrived(_zip(("1.dcm", image))[:-30], project, radiologist)) == [("refused", "zip_broken")]
    assert told(arrived(_zip(("1.dcm", image), method=zipfile.ZIP_BZIP2), project, radiologist)) == [
        ("refused", "zip_broken")
    ]
    encrypted = bytearray(_zip(("1.dcm", image)))
    encrypted[6] |= 1
    encrypted[encrypted.rindex(b"PK\x01\x02") + 8] |= 1
    assert told(arrived(bytes(encrypted), project, radiologist)) == [("refused", "zip_encrypted")]
    damaged = bytearray(_zip(("1.dcm", image), ("2.dcm", image)))
    damaged[60] ^= 0xFF
    assert [outcome for outcome, _ in told(arrived(bytes(damaged), project, radiologist))] == ["refused", "stored"]


def test_a_finished_upload_takes_no_more_files(project: Project, radiologist: User, own_data_folder: Path) -> None:
    upload = upload_finish(upload=upload_open(project=project, received_by=radiologist, door=Upload.Door.BROWSER))
    with pytest.raises(Conflict) as refused:
        arrived(made.ct_series(slices=1)[0], project, radiologist, upload=upload)
    assert refused.value.code == "upload_finished"
    assert list((own_data_folder / "staging").iterdir()) == []

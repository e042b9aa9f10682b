"""The blob store keeps bytes under their own digest, and notices when they are altered."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import blobs
from core.digest import sha256_hex
from core.errors import NotFound, Unavailable


def test_a_blob_is_found_under_the_digest_of_its_bytes() -> None:
    digest = blobs.put(b"slice")
    assert digest == sha256_hex(b"slice")
    assert blobs.get(digest) == b"slice"
    assert blobs.read_span(digest, 1, 3) == b"lic"


def test_the_same_bytes_are_stored_once(own_data_folder: Path) -> None:
    assert blobs.put(b"same") == blobs.put(b"same")
    assert len([path for path in (own_data_folder / "blobs").rglob("*") if path.is_file()]) == 1
    assert not list((own_data_folder / "staging").iterdir()), "nothing is left behind in staging"


def test_altered_bytes_are_never_handed_out() -> None:
    digest = blobs.put(b"true pixels")
    path = blobs.local_path(digest)
    path.chmod(0o600)
    path.write_bytes(b"fake pixels")
    with pytest.raises(Unavailable, match="altered"):
        blobs.get(digest)
    assert not blobs.verify(digest)


def test_a_missing_blob_is_a_coded_error() -> None:
    with pytest.raises(NotFound) as caught:
        blobs.get("0" * 64)
    assert caught.value.code == "blob_missing"

"""Blobs in S3-compatible storage: the same promises as on the disk. A real S3 protocol server on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from core import blobs
from core.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def bucket(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    access = {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"}
    client = boto3.client("s3", aws_access_key_id="key", aws_secret_access_key="secret", **access)
    client.create_bucket(Bucket="images")
    settings.OVERREAD_S3_BUCKET = "images"
    settings.STORAGES = settings.STORAGES | {
        "blobs": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {"bucket_name": "images", "access_key": "key", "secret_key": "secret", "location": "blobs"}
            | access,
        }
    }
    yield client
    server.stop()


def _forget_cache(folder: Path) -> None:
    shutil.rmtree(folder / "blobs", ignore_errors=True)


def test_a_blob_outlives_the_machine_that_stored_it(bucket: Any, own_data_folder: Path) -> None:
    digest = blobs.put(b"slice")
    _forget_cache(own_data_folder)
    assert blobs.exists(digest)
    assert blobs.get(digest) == b"slice"
    assert blobs.read_span(digest, 1, 3) == b"lic"


def test_bytes_altered_in_the_bucket_are_never_handed_out(bucket: Any, own_data_folder: Path) -> None:
    digest = blobs.put(b"true pixels")
    key = f"blobs/{digest[:2]}/{digest[2:4]}/{digest}"
    assert bucket.head_object(Bucket="images", Key=key)
    bucket.put_object(Bucket="images", Key=key, Body=b"fake pixels")
    _forget_cache(own_data_folder)
    with pytest.raises(Unavailable, match="altered"):
        blobs.get(digest)


def test_a_blob_that_is_nowhere_is_a_coded_error(bucket: Any) -> None:
    with pytest.raises(NotFound) as caught:
        blobs.get("0" * 64)
    assert caught.value.code == "blob_missing"

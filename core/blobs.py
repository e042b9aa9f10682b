"""Content-addressed storage: a blob's key is the SHA-256 of its bytes, so nothing is ever overwritten.

On disk a blob lies at ``blobs/ab/cd/abcd…``. Bytes are hashed while they are written to a staging file, forced
to the disk, and renamed to their place; only then does ``put`` return. Where ``OVERREAD_S3_BUCKET`` is set, the
same keys are kept in S3-compatible storage through django-storages, with a local read cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import storages

from core.digest import sha256_hex
from core.errors import NotFound, Unavailable

_CHUNK = 1 << 20


class BlobStore(Protocol):
    """What a place for blobs must be able to do."""

    def put_file(self, path: Path) -> str:
        """Move the file at ``path`` in; return its digest."""

    def local_path(self, digest: str) -> Path:
        """Return a local file with the blob's bytes; raises NotFound."""

    def exists(self, digest: str) -> bool:
        """Say whether the blob is there."""


def _key(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _force_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _missing(digest: str) -> NotFound:
    return NotFound(
        "blob_missing",
        "The stored bytes of this object are missing. Ask an admin to run the archive check.",
        digest=digest,
    )


class DirectoryBlobStore:
    """Blobs as files below one directory."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _path(self, digest: str) -> Path:
        return self.root / _key(digest)

    def put_file(self, path: Path) -> str:
        """Move ``path`` in: hash, fsync, rename, fsync of the folder. Returns the digest."""
        digest = _digest_of_file(path)
        target = self._path(digest)
        if target.exists() and _digest_of_file(target) == digest:
            path.unlink()
            return digest
        # New, or the good bytes of a blob that was altered on the disk: it is healed.
        target.parent.mkdir(parents=True, exist_ok=True)
        _force_to_disk(path)
        try:
            path.replace(target)
        except OSError:
            # The staging file lies on another file system: copy beside the target first.
            with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as copy, path.open("rb") as source:
                shutil.copyfileobj(source, copy, _CHUNK)
                copy.flush()
                os.fsync(copy.fileno())
            Path(copy.name).replace(target)
            path.unlink()
        target.chmod(0o440)
        _force_to_disk(target.parent)
        return digest

    def local_path(self, digest: str) -> Path:
        """Return the blob's file; raises NotFound."""
        path = self._path(digest)
        if not path.is_file():
            raise _missing(digest)
        return path

    def exists(self, digest: str) -> bool:
        """Say whether the blob is there."""
        return self._path(digest).is_file()


class ObjectBlobStore:
    """Blobs in S3-compatible storage, with a directory as write-through read cache."""

    def __init__(self, cache: DirectoryBlobStore) -> None:
        self.cache = cache

    def put_file(self, path: Path) -> str:
        """Store in the bucket first, then in the cache; returns the digest."""
        digest = _digest_of_file(path)
        remote = storages["blobs"]
        if not self._is_whole(digest):
            if remote.exists(_key(digest)):
                remote.delete(_key(digest))
            with path.open("rb") as stream:
                remote.save(_key(digest), File(stream))
        return self.cache.put_file(path)

    def _is_whole(self, digest: str) -> bool:
        """Say whether the bucket itself holds the blob's bytes unaltered."""
        remote = storages["blobs"]
        if not remote.exists(_key(digest)):
            return False
        with remote.open(_key(digest)) as stored:
            hashed = hashlib.sha256()
            while piece := stored.read(_CHUNK):
                hashed.update(piece)
        return hashed.hexdigest() == digest

    def local_path(self, digest: str) -> Path:
        """Return a cached file, fetched (and checked) on first use; raises NotFound, Unavailable."""
        if not self.cache.exists(digest):
            remote = storages["blobs"]
            if not remote.exists(_key(digest)):
                raise _missing(digest)
            staging = staging_file()
            with remote.open(_key(digest)) as source, staging.open("wb") as target:
                shutil.copyfileobj(source, target, _CHUNK)
            if self.cache.put_file(staging) != digest:
                raise _altered(digest)
        return self.cache.local_path(digest)

    def exists(self, digest: str) -> bool:
        """Say whether the blob is in the bucket or in the cache."""
        return self.cache.exists(digest) or storages["blobs"].exists(_key(digest))


def _altered(digest: str) -> Unavailable:
    return Unavailable(
        "blob_altered",
        "The stored bytes of this object were altered on the disk. It is not shown. Ask an admin to check the archive.",
        digest=digest,
    )


def _store() -> BlobStore:
    directory = DirectoryBlobStore(Path(settings.OVERREAD_DATA_DIR) / "blobs")
    return ObjectBlobStore(directory) if settings.OVERREAD_S3_BUCKET else directory


def staging_folder() -> Path:
    """Return the folder, on the blob store's own file system, for bytes that are still arriving."""
    folder = Path(settings.OVERREAD_DATA_DIR) / "staging"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def staging_file(suffix: str = "") -> Path:
    """Return a new empty file in the staging folder."""
    descriptor, name = tempfile.mkstemp(dir=staging_folder(), suffix=suffix)
    os.close(descriptor)
    return Path(name)


def put_file(path: Path) -> str:
    """Move the file at ``path`` into the store and return its digest; the file is gone from ``path``."""
    return _store().put_file(path)


def put(content: bytes) -> str:
    """Store ``content`` and return its digest."""
    digest = sha256_hex(content)
    if verify(digest):
        return digest
    path = staging_file()
    try:
        path.write_bytes(content)
        return _store().put_file(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def get(digest: str) -> bytes:
    """Return the blob's bytes, checked against its digest; raises NotFound, Unavailable (altered)."""
    content = _store().local_path(digest).read_bytes()
    if sha256_hex(content) != digest:
        raise _altered(digest)
    return content


def open_file(digest: str) -> BinaryIO:
    """Open the blob for reading; the caller closes it. Raises NotFound."""
    return _store().local_path(digest).open("rb")


def local_path(digest: str) -> Path:
    """Return a local file that holds the blob; it must not be changed. Raises NotFound."""
    return _store().local_path(digest)


def read_span(digest: str, offset: int, length: int) -> bytes:
    """Return ``length`` bytes from ``offset`` of the blob; raises NotFound."""
    descriptor = os.open(_store().local_path(digest), os.O_RDONLY)
    try:
        return os.pread(descriptor, length, offset)
    finally:
        os.close(descriptor)


def exists(digest: str) -> bool:
    """Say whether the blob is stored."""
    return _store().exists(digest)


def verify(digest: str) -> bool:
    """Re-hash the stored blob; False when it is missing or altered."""
    try:
        return _digest_of_file(_store().local_path(digest)) == digest
    except NotFound:
        return False

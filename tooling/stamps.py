"""Stamp files: a step is done when its inputs' content is what it was when it was last done."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
_STAMPS = VENV / ".overread-stamps"
_SKIPPED = {"node_modules", "dist", "__pycache__"}


def _files(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [
                inner
                for inner in path.rglob("*")
                if inner.is_file() and not _SKIPPED & set(inner.relative_to(path).parts)
            ]
        elif path.is_file():
            found.append(path)
    return sorted(found)


def content_digest(paths: Iterable[Path], *words: str) -> str:
    """Return the SHA-256 over names and contents of the files (folders are walked) and over ``words``."""
    digest = hashlib.sha256()
    for word in words:
        digest.update(word.encode() + b"\0")
    for path in _files(paths):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_done(step: str, digest: str) -> bool:
    """Say whether ``step`` was last done with inputs of this digest."""
    stamp = _STAMPS / step
    return stamp.is_file() and stamp.read_text() == digest


def mark_done(step: str, digest: str) -> None:
    """Remember that ``step`` was done with inputs of this digest."""
    _STAMPS.mkdir(parents=True, exist_ok=True)
    (_STAMPS / step).write_text(digest)

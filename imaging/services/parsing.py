"""Asks this process's parsing children to read a file; see ``imaging.dicom.parsing_pool``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imaging.dicom.parsing_pool import shared_pool

if TYPE_CHECKING:
    from pathlib import Path

    from imaging.dicom.parsed import ParsedInstance


def parse_file(path: Path, header_path: Path) -> ParsedInstance:
    """Read the file in a child process; its compressed JSON header lies at ``header_path`` afterwards.

    Raises:
        Refused: the file is not taken in; the code says why (also when it made the child die or stall).
    """
    return shared_pool().parse(path, header_path)

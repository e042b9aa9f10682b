"""What this machine has: memory and room on the disk. Of a worker elsewhere the environment says it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from django.conf import settings

#: Where a container's limit stands (control groups, version 2 and 1).
_LIMITS: Final = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def training_memory() -> int:
    """Return the bytes that a training may take: what the environment says, else four fifths of what is here."""
    if settings.OVERREAD_TRAINING_MEMORY_MIB:
        return int(settings.OVERREAD_TRAINING_MEMORY_MIB) * 2**20
    return _memory_here() * 4 // 5


def _memory_here() -> int:
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _LIMITS:
        try:
            sizes.append(int(path.read_text()))
        except (OSError, ValueError):
            continue  # no such file, or "max"
    return min(sizes)


def training_room() -> int:
    """Return the free bytes where trainings keep their checkpoints."""
    return shutil.disk_usage(settings.OVERREAD_DATA_DIR).free

"""The scrubber: does every row's file still lie in the blob store, with the bytes it came with?"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from core import audit, blobs
from core.audit_kinds import AuditKind
from imaging.models import Instance, InstanceConflict

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.models import User


@dataclass
class ArchiveCheck:
    """What was found: digests, with the SOP Instance UID of the first instance that needs each.

    Attributes:
        checked: how many blobs were hashed again.
        missing: blobs that are not there.
        altered: blobs whose bytes are not those that were stored.
    """

    checked: int = 0
    missing: dict[str, str] = field(default_factory=dict)
    altered: dict[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """True when nothing is missing or altered."""
        return not self.missing and not self.altered


def archive_check(*, by: User | None, progress: Callable[[int, int], None] = lambda done, total: None) -> ArchiveCheck:
    """Hash every stored file and header again and record the outcome in the audit trail.

    Args:
        by: who asked, None for the system.
        progress: called with (blobs done, blobs in all).
    """
    found = ArchiveCheck()
    needed: dict[str, str] = {}
    for uid, file, header in Instance.objects.values_list(
        "sop_instance_uid", "blob_digest", "header_digest"
    ).iterator():
        needed.setdefault(file, uid)
        needed.setdefault(header, uid)
    versions = InstanceConflict.objects.exclude(header_digest="").values_list(
        "instance__sop_instance_uid", "refused_digest", "header_digest", "first_digest", "first_header_digest"
    )
    for uid, *digests in versions.iterator():
        for digest in digests:
            needed.setdefault(digest, uid)
    for digest, uid in needed.items():
        if not blobs.exists(digest):
            found.missing[digest] = uid
        elif not blobs.verify(digest):
            found.altered[digest] = uid
        found.checked += 1
        progress(found.checked, len(needed))
    audit.record(
        AuditKind.ARCHIVE_CHECKED,
        actor=by,
        object_kind="archive",
        outcome="success" if found.whole else "damaged",
        detail={"checked": found.checked, "missing": sorted(found.missing), "altered": sorted(found.altered)},
    )
    return found


def staging_swept(*, older_than_hours: float = 24.0) -> int:
    """Delete staging files that a killed process left behind; returns how many."""
    folder, oldest, removed = Path(settings.OVERREAD_DATA_DIR) / "staging", time.time() - older_than_hours * 3600, 0
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_file() and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            removed += 1
    return removed

"""Which images a study has now: what a reading has seen, and what a sign-off signs.

An image is named by its SOP Instance UID; where an admin shows other pixels instead of those that came first, also by
how often that was done, since nobody who read the ones has seen the others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q

from annotations.models import Reading
from core import blobs
from core.digest import canonical_json, sha256_hex
from imaging.models import ConflictDecision, Instance
from imaging.selectors import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from annotations.models import Workitem


def _name_of(image: Instance) -> str:
    if image.version == 1:
        return image.sop_instance_uid
    others = ConflictDecision.objects.filter(conflict__instance=image, pixels_changed=True).count()
    return f"{image.sop_instance_uid}#{others}" if others else image.sop_instance_uid


def images_of(study_id: UUID) -> list[str]:
    """Return the names of the study's pictures, sorted."""
    rows = shown(Instance.objects.filter(series__study=study_id))
    return sorted(_name_of(image) for image in rows.only("sop_instance_uid", "version"))


def _encoded(uids: Iterable[str]) -> bytes:
    return canonical_json(list(uids))


def digest_of_images(images: Iterable[str]) -> str:
    """Return the digest of a list of pictures as ``images_of`` gives it."""
    return sha256_hex(_encoded(images))


def images_digest(study_id: UUID) -> str:
    """Return the digest of the list of pictures that the study has now."""
    return digest_of_images(images_of(study_id))


def images_stored(study_id: UUID) -> str:
    """Keep the list of pictures that the study has now as a blob, and return its digest (as ``images_digest``)."""
    return blobs.put(_encoded(images_of(study_id)))


def images_kept(digest: str) -> frozenset[str] | None:
    """Return the pictures of a list that was kept, or None where none was (readings from before lists were kept)."""
    return frozenset(json.loads(blobs.get(digest))) if digest else None


@dataclass(frozen=True, slots=True)
class ImagesRead:
    """Which pictures a case was read of: those that every reading of it was made of."""

    by_each: tuple[ImagesOfReading, ...]

    @property
    def by_list(self) -> bool:
        """Whether every reading kept its list; times of storage decide otherwise."""
        return bool(self.by_each) and all(one.named is not None for one in self.by_each)

    def holds(self, image: Instance) -> bool:
        """Say whether the picture, as it is shown now, was there to be read."""
        return bool(self.by_each) and all(one.holds(image) for one in self.by_each)


@dataclass(frozen=True, slots=True)
class ImagesOfReading:
    """Which pictures one reading was made of.

    Attributes:
        named: the list that was kept when it was handed in; None of readings from before lists were kept.
        until: without a list: what was stored by then counts as read.
    """

    named: frozenset[str] | None
    until: datetime | None

    def holds(self, image: Instance) -> bool:
        """Say whether the picture, as it is shown now, was there to be read."""
        if self.named is not None:
            return _name_of(image) in self.named
        return self.until is not None and image.created_at <= self.until and "#" not in _name_of(image)


def images_read(workitem: Workitem) -> ImagesRead:
    """Return the pictures that the readings which count were made of; none where there is no reading."""
    rows = workitem.readings_that_count
    counting = [one for one in rows if one.submitted_at] or rows[-1:]
    return ImagesRead(
        tuple(
            ImagesOfReading(images_kept(one.images_digest), one.submitted_at or workitem.decided_at) for one in counting
        )
    )


def images_since_read(workitem: Workitem, images: Iterable[Instance]) -> int:
    """Return how many of the study's pictures came after the case was handed in; 0 where nobody has handed it in.

    A case with such pictures has grown since it was read: nobody has answered about them, and they are not taught.
    """
    if not any(one.submitted_at for one in workitem.readings_that_count):
        return 0
    read = images_read(workitem)
    return sum(not read.holds(image) for image in images)


def grown_since_read() -> Exists:
    """Return the query's form of ``images_since_read``: there are such pictures."""
    later = shown(Instance.objects.filter(series__study=OuterRef("workitem__study")))
    by_time = Q(images_digest="") & Exists(later.filter(created_at__gt=OuterRef("submitted_at")))
    by_list = ~Q(images_digest="") & ~Q(workitem__images_digest="") & ~Q(images_digest=F("workitem__images_digest"))
    handed_in = Reading.objects.filter(submitted_at__isnull=False).exclude(state=Reading.State.ABANDONED)
    return Exists(handed_in.filter(by_list | by_time, workitem=OuterRef("pk")))

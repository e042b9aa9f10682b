"""Finding pictures that came twice: what a picture looks like is found out once, near copies are kept for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
from django.db import transaction
from django.db.models import F, Q

from core import audit, blobs
from core.audit_kinds import AuditKind
from core.errors import Invalid, OverreadError, PreconditionFailed
from imaging.dicom.looks import REVISION, near_pairs, picture_bits
from imaging.dicom.pixels import brighter_is_larger, image_values
from imaging.models import Instance, NearCopy, NearCopyDecision, PictureHash, Series
from imaging.selectors import frame_facts_of, is_flat, shown
from imaging.services.conflicts import decoded_digest_fill

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from core.models import User

log = structlog.get_logger(__name__)
_FRESH: Final = Q(looks__revision=REVISION, looks__blob_digest=F("blob_digest"))


def not_looked_at(series: Iterable[object]) -> Iterator[Instance]:
    """Yield the pictures of these series (ids) of which nothing is known yet, or only of an earlier version."""
    rows = shown(Instance.objects.filter(series__in=list(series))).exclude(_FRESH).select_related("series")
    for image in rows.order_by("sop_instance_uid").iterator(chunk_size=200):
        if is_flat(image) or not image.decoded_digest:
            yield image


def image_look(image: Instance) -> PictureHash:
    """Find out what a picture looks like, and the digest of its decoded pixels where it has none; never fails."""
    if not image.decoded_digest:
        image.decoded_digest = decoded_digest_fill(image)
    bits, code = "", ""
    if not is_flat(image):
        code = "many_frames"
    else:
        try:
            facts = frame_facts_of(image, 1)
            values = image_values(blobs.local_path(image.blob_digest), 1, facts)
            bits = picture_bits(brighter_is_larger(values, facts))
            code = "" if bits else "plain"
        except OverreadError as error:
            log.info("picture.not_looked_at", code=error.code)
            code = "unreadable"
    known, _ = PictureHash.objects.update_or_create(
        instance=image,
        defaults={"blob_digest": image.blob_digest, "bits": bits, "code": code, "revision": REVISION},
    )
    return known


def series_look(series: Series) -> int:
    """Look at the pictures of a series that nobody has looked at; returns how many. Idempotent."""
    looked = [image_look(image) for image in not_looked_at([series.pk])]
    return len(looked)


def near_copies_find() -> int:
    """Compare all pictures of the archive and keep the pairs of different patients that look alike; returns new ones.

    Pictures that are equal to the last sample are copies by their digest, and nobody has to be asked.
    """
    rows = list(
        PictureHash.objects.filter(revision=REVISION)
        .exclude(bits="")
        .order_by("instance__sop_instance_uid")
        .values_list("instance", "bits", "instance__decoded_digest", "instance__series__study__patient")
    )
    known = set(NearCopy.objects.values_list("first", "second"))
    found = []
    for one, other, differing in near_pairs([bits for _, bits, _, _ in rows]):
        first, second = rows[one], rows[other]
        equal = first[2] and first[2] == second[2]
        if not equal and first[3] != second[3] and not {(first[0], second[0]), (second[0], first[0])} & known:
            found.append(NearCopy(first_id=first[0], second_id=second[0], distance=differing))
    NearCopy.objects.bulk_create(found, ignore_conflicts=True)
    return len(found)


def near_copy_decide(
    *, near_copy: NearCopy, verdict: str, seen: tuple[str, str], remark: str, by: User
) -> NearCopyDecision:
    """Say whether two pictures are one; may be said again, the latest stands.

    Args:
        seen: digests of the two files that lay side by side, first and second.

    Raises:
        Invalid: verdict_wrong. PreconditionFailed: picture_moved: another version of one is shown now.
    """
    if verdict not in NearCopyDecision.Verdict.values:
        raise Invalid("verdict_wrong", "Say one_picture or different.")
    with transaction.atomic():
        row = NearCopy.objects.select_for_update(of=("self",)).select_related("first", "second").get(pk=near_copy.pk)
        if seen != (row.first.blob_digest, row.second.blob_digest):
            raise PreconditionFailed(
                "picture_moved", "Another version of one of the pictures is shown now. Load the page and look again."
            )
        decision = NearCopyDecision.objects.create(
            near_copy=row, verdict=verdict, first_digest=seen[0], second_digest=seen[1], remark=remark.strip()[:500],
            decided_by=by,
        )  # fmt: skip
        audit.record(
            AuditKind.NEAR_COPY_DECIDED, actor=by, object_kind="near_copy", object_id=row.pk, outcome=verdict,
            detail={"first": str(row.first_id), "second": str(row.second_id), "distance": row.distance,
                    "seen": list(seen)},
        )  # fmt: skip
    return decision

"""Reads for those who compare pictures that look alike."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Prefetch, QuerySet

from imaging.models import NearCopy, NearCopyDecision


def near_copy_rows(*, decided: bool | None = None) -> QuerySet[NearCopy]:
    """Return pairs of pictures of different patients, the most alike first.

    Args:
        decided: those that were compared as they are shown now, or those that wait; None: all.
    """
    standing = NearCopyDecision.objects.filter(
        near_copy=OuterRef("pk"), first_digest=OuterRef("first__blob_digest"),
        second_digest=OuterRef("second__blob_digest"),
    )  # fmt: skip
    decisions = NearCopyDecision.objects.select_related("decided_by").order_by("-created_at")
    rows = NearCopy.objects.exclude(first__series__study__patient=F("second__series__study__patient"))
    if decided is not None:
        rows = rows.filter(Exists(standing)) if decided else rows.exclude(Exists(standing))
    rows = rows.select_related("first__series__study__patient", "second__series__study__patient")
    projects = ("first__series__study__projects", "second__series__study__projects")
    return rows.prefetch_related(Prefetch("decisions", decisions), *projects).order_by("distance", "created_at", "id")

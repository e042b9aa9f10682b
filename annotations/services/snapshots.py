"""Freezing what was signed off into a dataset that never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from annotations.dataset.counts import counts_of, missing_of
from annotations.dataset.rows import snapshot_rows
from annotations.models import DatasetSnapshot, Label
from core import audit, blobs, events
from core.audit_kinds import AuditKind
from core.digest import canonical_json, digest_of
from core.errors import Invalid
from core.event_kinds import EventKind
from core.models import Project, User
from core.reads import one_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]
RECIPES: Final = ("classification", "segmentation")


def _checked_keys(project: Project, recipe: str, label_keys: Sequence[str]) -> list[str]:
    if recipe not in RECIPES:
        raise Invalid("recipe_unknown", "Choose classification or segmentation.", known=list(RECIPES))
    keys = sorted(set(label_keys))
    if not keys:
        raise Invalid("labels_missing", "Choose at least one label.")
    known = set(Label.objects.filter(project=project, key__in=keys).values_list("key", flat=True))
    if unknown := [key for key in keys if key not in known]:
        raise Invalid("label_unknown", "The project has no such label. Reload the labels.", keys=unknown)
    return keys


def snapshot_preview(*, project: Project, recipe: str, label_keys: Sequence[str]) -> Json:
    """Return what freezing now would hold: ``{recipe, label_keys, counts, missing, ready}``.

    ``missing`` is a list of sentences; it is ready when that is empty. Raises Invalid (labels, recipe).
    """
    with one_moment():
        keys = _checked_keys(project, recipe, label_keys)
        built = snapshot_rows(project=project, recipe=recipe, label_keys=keys)
    counts = counts_of(built.rows, keys, dict(built.left_out))
    missing = missing_of(counts, recipe)
    return {"recipe": recipe, "label_keys": keys, "counts": counts, "missing": missing, "ready": not missing}


def snapshot_freeze(
    *, project: Project, name: str, recipe: str, label_keys: Sequence[str], by: User | None
) -> DatasetSnapshot:
    """Freeze the signed-off work of a project; the same content again returns the same row.

    Raises:
        Invalid: an unknown label or recipe; ``snapshot_incomplete`` with the sentences in ``detail.missing``.
    """
    with one_moment():
        keys = _checked_keys(project, recipe, label_keys)
        built = snapshot_rows(project=project, recipe=recipe, label_keys=keys)
    counts = counts_of(built.rows, keys, dict(built.left_out))
    if missing := missing_of(counts, recipe):
        raise Invalid("snapshot_incomplete", " ".join(missing), missing=missing, counts=counts)
    manifest = blobs.put(b"".join(canonical_json(row) + b"\n" for row in built.rows))
    digest = digest_of({"project": str(project.pk), "recipe": recipe, "label_keys": keys, "manifest": manifest})
    with transaction.atomic():
        fields = {
            "project": project,
            "name": name,
            "manifest_digest": manifest,
            "recipe": recipe,
            "label_keys": keys,
            "counts": counts,
            "frozen_by": by,
        }
        snapshot, made = DatasetSnapshot.objects.get_or_create(digest=digest, defaults=fields)
        if made:
            audit.record(
                AuditKind.SNAPSHOT_FROZEN,
                actor=by,
                object_kind="snapshot",
                object_id=snapshot.pk,
                project=project,
                detail={"digest": digest, "manifest": manifest, "cases": counts["cases"], "recipe": recipe},
            )
            events.publish(EventKind.SNAPSHOT_FROZEN, snapshot.pk, project=project, version=digest)
    return snapshot

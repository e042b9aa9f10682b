"""Looking for doubtful labels: asked for by a person, kept as it was found. No label is changed by it."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from annotations.models import DatasetSnapshot
from core import audit, blobs
from core.audit_kinds import AuditKind
from core.digest import canonical_json, digest_of
from core.jobs import job_request
from core.models import Job, User
from inference import errors
from inference.engine.config import RecipeConfig
from inference.engine.recipe_cards import recipe_card
from inference.models import SuspectSearch

Json = dict[str, Any]
#: How many models; each learns from four fifths of the patients and answers for the others.
PARTS: Final = 5
#: What learns to doubt.
_RECIPE: Final = "classification"
_EPOCHS: Final = 12


def suspects_request(
    *, snapshot: DatasetSnapshot, requested_by: User | None, chosen: Json | None = None
) -> SuspectSearch:
    """Ask which labels of a dataset are doubtful; the same question is answered once.

    Args:
        chosen: settings other than those of the tiny preset, as of ``RecipeConfig``.

    Raises:
        Invalid: not answers about images. Conflict: too few patients.
    """
    if snapshot.question != recipe_card(_RECIPE).question:
        raise errors.suspects_of_answers_only()
    splits = snapshot.counts.get("splits", {})
    if sum(splits.get(name, {}).get("patients", 0) for name in ("train", "validation")) < 4 * PARTS:
        raise errors.too_few_to_doubt(PARTS)
    usual = RecipeConfig.for_preset(
        _RECIPE, tuple(snapshot.label_keys), epochs=_EPOCHS, threads=settings.OVERREAD_TORCH_THREADS
    )
    config = RecipeConfig.from_json({**usual.to_json(), **(chosen or {})})
    with transaction.atomic():
        DatasetSnapshot.objects.select_for_update().get(pk=snapshot.pk)
        search, _ = SuspectSearch.objects.get_or_create(
            snapshot=snapshot,
            config_digest=digest_of([config.digest, PARTS]),
            defaults={"config": config.to_json(), "parts": PARTS, "requested_by": requested_by},
        )
        job = Job.objects.filter(suspect_search=search).first()
        if search.result_digest or (job is not None and job.state in (Job.State.QUEUED, Job.State.RUNNING)):
            return search
        search.job = job_request(
            kind="suspects",
            arguments={"search_id": str(search.pk)},
            requested_by=requested_by,
            project=snapshot.project,
        )
        search.save(update_fields=["job"])
        audit.record(
            AuditKind.SUSPECTS_REQUESTED, actor=requested_by, object_kind="snapshot", object_id=snapshot.pk,
            project=snapshot.project, detail={"search": search.pk, "config": config.digest},
        )  # fmt: skip
    return search


def suspects_finish(*, search: SuspectSearch, doubts: list[Json]) -> SuspectSearch:
    """Keep what was found; a second run changes nothing.

    Args:
        doubts: the highest first, each as ``Doubt.to_json`` with the facts of its case.
    """
    digest = blobs.put(canonical_json(doubts))
    counts: Json = {"judged": len(doubts), "suspects": sum(one["is_suspect"] for one in doubts)}
    with transaction.atomic():
        locked = SuspectSearch.objects.select_for_update(of=("self",)).select_related("snapshot__project")
        kept = locked.get(pk=search.pk)
        if kept.result_digest:
            return kept
        kept.result_digest, kept.counts, kept.found_at = digest, counts, timezone.now()
        kept.save(update_fields=["result_digest", "counts", "found_at"])
        audit.record(
            AuditKind.SUSPECTS_FOUND, actor=None, object_kind="snapshot", object_id=kept.snapshot_id,
            project=kept.snapshot.project, detail={"search": kept.pk, "result": digest, **counts},
        )  # fmt: skip
    return kept

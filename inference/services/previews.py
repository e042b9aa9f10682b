"""Looking at what a network would be shown: asked for by who may train; nothing learns from it."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction

from annotations.models import DatasetSnapshot
from core import audit, blobs
from core.audit_kinds import AuditKind
from core.digest import canonical_json, digest_of
from core.jobs import job_request
from core.models import Job, User
from inference.family_facts import snapshot_fits, training_config
from inference.models import ModelFamily, TrainingPreview

Json = dict[str, Any]
#: Raise it when the same settings give other pictures, or these are kept in another form.
REVISION: Final = 1
#: Settings that change nothing of what the network is shown.
_BESIDE: Final = frozenset(
    {
        "preset", "epochs", "learning_rate", "weight_decay", "label_smoothing", "threads", "mixed_precision",
        "warm_start", "loaders", "accumulation", "gradient_checkpointing", "ema_decay", "patience",
    }
)  # fmt: skip


def preview_request(
    *, family: ModelFamily, snapshot: DatasetSnapshot, chosen: Json, requested_by: User | None, again: bool = False
) -> TrainingPreview:
    """Return the preview of a training with these settings; it is asked for where nobody has yet.

    Args:
        again: ask once more where the last job failed or was cancelled.

    Raises:
        Invalid: the dataset or the settings do not fit.
    """
    snapshot_fits(family, snapshot)
    config = training_config(family, chosen)
    shown = {name: value for name, value in config.to_json().items() if name not in _BESIDE}
    with transaction.atomic():
        DatasetSnapshot.objects.select_for_update().get(pk=snapshot.pk)
        found, is_new = TrainingPreview.objects.get_or_create(
            family=family,
            snapshot=snapshot,
            asked_digest=digest_of([REVISION, shown]),
            defaults={"config": config.to_json(), "requested_by": requested_by},
        )
        job = Job.objects.filter(training_preview=found).first()
        is_over = job is not None and job.state in (Job.State.FAILED, Job.State.CANCELLED)
        if found.result_digest or not (is_new or (again and is_over)):
            return found
        found.job = job_request(
            kind="training_preview",
            arguments={"preview_id": str(found.pk)},
            requested_by=requested_by,
            project=snapshot.project,
        )
        found.save(update_fields=["job"])
        _note(found, requested_by)
    return found


def preview_finish(*, preview: TrainingPreview, result: Json) -> TrainingPreview:
    """Keep what was made; a second run changes nothing."""
    digest = blobs.put(canonical_json(result))
    with transaction.atomic():
        kept = TrainingPreview.objects.select_for_update(of=("self",)).get(pk=preview.pk)
        if not kept.result_digest:
            kept.result_digest = digest
            kept.save(update_fields=["result_digest"])
    return kept


def preview_sent(*, preview: TrainingPreview, to: User) -> None:
    """Note that somebody looks at pictures of patients."""
    _note(preview, to)


def _note(preview: TrainingPreview, by: User | None) -> None:
    audit.record(
        AuditKind.PICTURES_PREVIEWED, actor=by, object_kind="snapshot", object_id=preview.snapshot_id,
        project=preview.family.project, detail={"family": preview.family_id, "preview": preview.pk},
    )  # fmt: skip

"""What a dataset's training cases have in common: asked for once, kept with the dataset, the same for ever."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from annotations.models import DatasetSnapshot
from core import audit
from core.audit_kinds import AuditKind
from core.digest import digest_of
from core.jobs import job_request
from core.models import Job, User
from inference.family_facts import snapshot_fits
from inference.models import Fingerprint, ModelFamily
from inference.proposed import asked_digest

Json = dict[str, Any]


def fingerprint_request(
    *, family: ModelFamily, snapshot: DatasetSnapshot, requested_by: User | None, again: bool = False
) -> Fingerprint:
    """Return the fingerprint of a dataset as a family asks for it; it is asked for where nobody has yet.

    Args:
        again: ask once more where the last job failed or was cancelled.

    Raises:
        Invalid: the dataset does not fit the family.
    """
    snapshot_fits(family, snapshot)
    with transaction.atomic():
        DatasetSnapshot.objects.select_for_update().get(pk=snapshot.pk)
        found, is_new = Fingerprint.objects.get_or_create(
            snapshot=snapshot,
            asked_digest=asked_digest(family),
            defaults={"recipe": family.recipe, "label_keys": family.label_keys, "requested_by": requested_by},
        )
        job = Job.objects.filter(fingerprint=found).first()
        is_over = job is not None and job.state in (Job.State.FAILED, Job.State.CANCELLED)
        if found.digest or not (is_new or (again and is_over)):
            return found
        found.job = job_request(
            kind="fingerprint",
            arguments={"fingerprint_id": str(found.pk)},
            requested_by=requested_by,
            project=snapshot.project,
        )
        found.save(update_fields=["job"])
        audit.record(
            AuditKind.SETTINGS_PROPOSED, actor=requested_by, object_kind="snapshot", object_id=snapshot.pk,
            project=snapshot.project, detail={"family": family.pk, "fingerprint": found.pk},
        )  # fmt: skip
    return found


def fingerprint_finish(*, fingerprint: Fingerprint, figures: Json) -> Fingerprint:
    """Keep the figures; a second run changes nothing."""
    with transaction.atomic():
        kept = Fingerprint.objects.select_for_update(of=("self",)).get(pk=fingerprint.pk)
        if not kept.digest:
            kept.figures, kept.digest = figures, digest_of(figures)
            kept.save(update_fields=["figures", "digest"])
    return kept

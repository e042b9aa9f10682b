"""The same SOP Instance UID with other content: recognised for what it is, kept beside, decided by an admin.

Both versions stay in the blob store; which one is shown is a chain of decisions that only grows.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import Q

from core import audit, blobs, events
from core.audit_kinds import AuditKind
from core.bell import ring
from core.errors import Conflict, Invalid, NotFound, PreconditionFailed
from core.event_kinds import EventKind
from imaging.dicom.identity import statement_in
from imaging.dicom.index_values import (
    SERIES_TAGS,
    STUDY_TAGS,
    header_dataset,
    patient_values,
    series_values,
    study_values,
)
from imaging.dicom.versions import header_differences
from imaging.models import (
    ConflictDecision,
    Instance,
    InstanceConflict,
    PatientStatement,
    Series,
    Study,
)
from imaging.selectors import header_of_digest, instance_header
from imaging.services.identity import STATED, identity_key, identity_refresh, patient_lock, study_refile
from imaging.services.index_rows import instance_facts, series_facts, study_facts, study_summarise
from imaging.services.parsing import parse_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from core.models import User
    from imaging.dicom.json_model import Json
    from imaging.dicom.parsed import ParsedInstance

Kind = InstanceConflict.Kind
Verdict = ConflictDecision.Verdict
#: What a sender is told of each kind of conflict.
CODES: Final = {
    Kind.PIXELS: "duplicate_uid_other_content",
    Kind.HEADER: "same_pixels_other_header",
    Kind.UNKNOWN: "duplicate_uid_other_content",
    Kind.STUDY: "duplicate_uid_other_study",
}
MESSAGES: Final = {
    Kind.PIXELS: "This UID is stored with other pixels. The first is shown, this one is kept; an admin decides.",
    Kind.HEADER: "This UID is stored with the same pixels and another header. The first is shown; an admin decides.",
    Kind.UNKNOWN: "This UID is stored with other content. The first is shown, this one is kept; an admin decides.",
    Kind.STUDY: "This UID is stored as part of another study or series. The sender used it twice; it is not shown.",
}


def how_it_differs(known: Instance, parsed: ParsedInstance, header_path: Path) -> Kind | None:
    """Say how another version of a stored instance differs; None: it is the same image in another encoding.

    Args:
        known: with its series and study.
        parsed: what the other version holds.
        header_path: its compressed JSON header.
    """
    series = known.series
    if (parsed.series_instance_uid, parsed.study_instance_uid) != (
        series.series_instance_uid,
        series.study.study_instance_uid,
    ):
        return Kind.STUDY
    same = _same_pixels(known, parsed)
    if same is None:
        return Kind.UNKNOWN
    if not same:
        return Kind.PIXELS
    other = json.loads(zlib.decompress(header_path.read_bytes()))
    try:
        return Kind.HEADER if header_differences(instance_header(known), other) else None
    except NotFound:
        return Kind.HEADER


def _same_pixels(known: Instance, parsed: ParsedInstance) -> bool | None:
    """Say whether two versions decode to the same samples; None where not all of them could be compared."""
    if known.pixel_digest == parsed.pixel_digest and known.transfer_syntax_uid == parsed.transfer_syntax_uid:
        return True
    if not known.pixel_digest or not parsed.pixel_digest:
        return False
    if not known.decoded_digest and parsed.decoded_digest:
        known.decoded_digest = decoded_digest_fill(known)
    if not known.decoded_digest or not parsed.decoded_digest:
        return None
    return known.decoded_digest == parsed.decoded_digest


def decoded_digest_fill(known: Instance) -> str:
    """Read an instance again that was stored before decoded pixels had a digest."""
    header_path = blobs.staging_file(".json.z")
    try:
        digest = parse_file(blobs.local_path(known.blob_digest), header_path).decoded_digest
    except (Invalid, NotFound):
        return ""
    finally:
        header_path.unlink(missing_ok=True)
    Instance.objects.filter(pk=known.pk).update(decoded_digest=digest)
    return digest


def decisions_on(instance: Instance) -> int:
    """Return how many decisions there are about the versions of an instance; only grows."""
    return ConflictDecision.objects.filter(conflict__instance=instance).count()


def conflict_decide(
    *, conflict: InstanceConflict, verdict: str, reason: str, by: User, seen: int | None = None
) -> ConflictDecision:
    """Keep the version that was stored first, or show the other one instead; may be decided again.

    Args:
        seen: how many decisions about the instance (``decisions_on``) the person knew of; None: all.

    Raises:
        Invalid: reason_missing, verdict_wrong. Conflict: conflict_other_study, conflict_not_kept.
        PreconditionFailed: decision_moved: somebody decided meanwhile. Refused: the other version cannot be read now.
    """
    if not reason.strip():
        raise Invalid("reason_missing", "Say why you decide so.")
    if verdict not in Verdict.values:
        raise Invalid("verdict_wrong", "Decide keep or supersede.")
    instance = Instance.objects.select_related("series__study__patient").get(pk=conflict.instance_id)
    wanted = conflict.refused_digest if verdict == Verdict.SUPERSEDE else conflict.first_digest
    if verdict == Verdict.SUPERSEDE and conflict.kind == Kind.STUDY:
        raise Conflict("conflict_other_study", "It belongs to another study or series. Ask its sender to correct it.")
    if verdict == Verdict.SUPERSEDE and not conflict.header_digest:
        raise Conflict("conflict_not_kept", "The bytes of that version were not kept. Ask its sender to send it again.")
    before, parsed, header_digest = instance.blob_digest, None, ""
    if wanted != before:
        header_path = blobs.staging_file(".json.z")
        try:
            parsed = parse_file(blobs.local_path(wanted), header_path)
            header_digest = blobs.put(header_path.read_bytes())
        finally:
            header_path.unlink(missing_ok=True)
    with transaction.atomic():
        patient_lock(instance.series.study)
        Study.objects.select_for_update(no_key=True).get(pk=instance.series.study_id)
        Series.objects.select_for_update(no_key=True).get(pk=instance.series_id)
        instance = (
            Instance.objects.select_related("series__study__patient")
            .select_for_update(of=("self",))
            .get(pk=instance.pk)
        )
        if instance.blob_digest != before or seen not in (None, decisions_on(instance)):
            raise PreconditionFailed(
                "decision_moved", "Somebody decided about this image meanwhile. Load the page again."
            )
        pixels_changed = parsed is not None and _same_pixels(instance, parsed) is not True
        if parsed is not None:
            _shown_instead(instance, parsed, wanted, header_digest)
        decision = ConflictDecision.objects.create(
            conflict=conflict,
            verdict=verdict,
            reason=reason.strip()[:500],
            shown_before=before,
            shown_after=wanted,
            pixels_changed=pixels_changed,
            decided_by=by,
        )
        audit.record(
            AuditKind.CONFLICT_DECIDED, actor=by, object_kind="instance", object_id=instance.sop_instance_uid,
            outcome=verdict,
            detail={"conflict": str(conflict.pk), "before": before, "after": wanted, "pixels_changed": pixels_changed},
        )  # fmt: skip
        for project in instance.series.study.projects.all():
            events.publish(EventKind.STUDY_CHANGED, instance.series.study_id, project=project)
    if parsed is not None:
        ring("instance", "superseded", instance)
    return decision


def is_decided(instance: Instance, digest: str) -> bool:
    """Say whether an admin has already decided not to show this version."""
    decisions = ConflictDecision.objects.filter(conflict__instance=instance)
    return decisions.filter(Q(shown_before=digest) | Q(conflict__refused_digest=digest)).exists()


def _shown_instead(instance: Instance, parsed: ParsedInstance, digest: str, header_digest: str) -> None:
    """Make a row show another version: its own facts, and those that follow from it for series, study and patient."""
    before = _header(instance)
    for name, value in instance_facts(parsed).items():
        setattr(instance, name, value)
    instance.blob_digest, instance.header_digest = digest, header_digest
    instance.byte_size = blobs.local_path(digest).stat().st_size
    instance.version += 1
    instance.save()
    series, study, now = instance.series, instance.series.study, _header(instance)
    Series.objects.filter(pk=series.pk).update(indexed_at=None)
    if _said(before, SERIES_TAGS) != _said(now, SERIES_TAGS):
        most = next(_said_most(series.instances.all(), SERIES_TAGS))
        Series.objects.filter(pk=series.pk).update(**series_facts(series_values(header_dataset(most))))
        study_summarise(study)
    if _said(before, STUDY_TAGS) != _said(now, STUDY_TAGS):
        _restated(study, now, parsed.text_code)


def _header(instance: Instance) -> Json:
    try:
        return header_of_digest(instance.header_digest)
    except NotFound:
        return {}


def _said(header: Json, tags: frozenset[str]) -> str:
    return json.dumps({tag: header[tag] for tag in tags & header.keys()}, sort_keys=True)


def _said_most(instances: QuerySet[Instance], tags: frozenset[str]) -> Iterator[Json]:
    """Yield the different things that instances say in these attributes: what most of them say, or the first, first."""
    rows = instances.order_by("created_at", "pk")
    for said, _ in Counter(_said(_header(instance), tags) for instance in rows).most_common():
        yield json.loads(said)


def _restated(study: Study, now: Json, text_code: str) -> None:
    """Let the study say again what most of its instances say now, of itself and of its patient; the others beside it.

    Args:
        study: its row and its patient's are locked.
        now: header of the version that is shown instead.
        text_code: of that version's texts.
    """
    said = list(_said_most(Instance.objects.filter(series__study=study), STUDY_TAGS))
    most = header_dataset(said[0])
    for name, value in study_facts(study_values(most)).items():
        setattr(study, name, value)
    if _said(now, STUDY_TAGS) == _said(said[0], STUDY_TAGS):
        study.text_code = text_code
    stated = [statement_in(patient_values(header_dataset(one))) for one in said]
    for name in STATED:
        setattr(study, name, getattr(stated[0], name))
    study.save()
    study.other_statements.all().delete()
    PatientStatement.objects.bulk_create(
        PatientStatement(study=study, **{name: getattr(one, name) for name in STATED})
        for one in dict.fromkeys(stated)
        if stated[0].differences(one)
    )
    study_refile(study, identity_key(patient_values(most), study.study_instance_uid))
    identity_refresh(study.patient)

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
from core.errors import Conflict, Invalid, NotFound
from core.event_kinds import EventKind
from imaging.dicom.identity import header_statement
from imaging.dicom.moments import moment_of
from imaging.dicom.versions import header_differences
from imaging.models import (
    ConflictDecision,
    Instance,
    InstanceConflict,
    Patient,
    PatientStatement,
    Series,
    Study,
)
from imaging.selectors import header_of_digest, instance_header
from imaging.services.identity import STATED, identity_refresh, statement_of
from imaging.services.index_rows import instance_facts, series_facts, study_facts, study_summarise
from imaging.services.parsing import parse_file

if TYPE_CHECKING:
    from core.models import User
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
        known.decoded_digest = _decoded_digest(known)
    if not known.decoded_digest or not parsed.decoded_digest:
        return None
    return known.decoded_digest == parsed.decoded_digest


def _decoded_digest(known: Instance) -> str:
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


def conflict_decide(*, conflict: InstanceConflict, verdict: str, reason: str, by: User) -> ConflictDecision:
    """Keep the version that was stored first, or show the other one instead; may be decided again.

    Raises:
        Invalid: reason_missing, verdict_wrong. Conflict: conflict_other_study, conflict_not_kept, conflict_moved.
        Refused: the other version cannot be read now.
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
        Patient.objects.select_for_update(no_key=True).get(pk=instance.series.study.patient_id)
        Study.objects.select_for_update(no_key=True).get(pk=instance.series.study_id)
        Series.objects.select_for_update(no_key=True).get(pk=instance.series_id)
        instance = (
            Instance.objects.select_related("series__study__patient")
            .select_for_update(of=("self",))
            .get(pk=instance.pk)
        )
        if instance.blob_digest != before:
            raise Conflict("conflict_moved", "Somebody decided about this image meanwhile. Load the page again.")
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
    stated_before = header_statement(_header(instance))
    for name, value in instance_facts(parsed).items():
        setattr(instance, name, value)
    instance.blob_digest, instance.header_digest = digest, header_digest
    instance.byte_size = blobs.local_path(digest).stat().st_size
    instance.version += 1
    instance.save()
    series, study = instance.series, instance.series.study
    Series.objects.filter(pk=series.pk).update(indexed_at=None)
    if series.instances.count() == 1:
        Series.objects.filter(pk=series.pk).update(**series_facts(parsed))
        study_summarise(study)
    if Instance.objects.filter(series__study=study).count() == 1:
        for name, value in study_facts(parsed).items():
            setattr(study, name, value)
        study.studied_at = moment_of(study.study_date, study.study_time, study.timezone_offset_from_utc)
        study.save()
    if header_statement(_header(instance)) != stated_before:
        _restated(study)


def _header(instance: Instance) -> dict[str, object]:
    try:
        return header_of_digest(instance.header_digest)
    except NotFound:
        return {}


def _restated(study: Study) -> None:
    """State again what the study says of its patient: what most of its instances say now; the others beside it."""
    instances = Instance.objects.filter(series__study=study).order_by("created_at", "pk")
    said = Counter(header_statement(_header(instance)) for instance in instances)
    own = max(said, key=lambda stated: said[stated])
    if own != statement_of(study):
        for name in STATED:
            setattr(study, name, getattr(own, name))
        study.save(update_fields=list(STATED))
    study.other_statements.all().delete()
    PatientStatement.objects.bulk_create(
        PatientStatement(study=study, **{name: getattr(stated, name) for name in STATED})
        for stated in said
        if own.differences(stated)
    )
    identity_refresh(study.patient)

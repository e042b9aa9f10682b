"""The one service behind all three doors: checks, blob, index, verdict. Only then is an instance "stored".

Order: staging → limits → parsed in a limited child → hashed, forced to the disk, renamed → one transaction with the
index rows, the audit event and the verdict.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from django.db import IntegrityError, transaction

from core import audit, blobs
from core.audit_kinds import AuditKind
from imaging.access import may_add_to
from imaging.dicom.refusals import Refused, refusal
from imaging.models import Instance, InstanceConflict, ProjectStudy, Study, Upload, UploadVerdict
from imaging.services.conflicts import CODES, MESSAGES, how_it_differs, is_decided
from imaging.services.identity import clash_message
from imaging.services.index_rows import instance_row, series_row, study_row
from imaging.services.parsing import parse_file

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from core.models import Project, User
    from imaging.dicom.parsed import ParsedInstance

log = structlog.get_logger(__name__)
Outcome = UploadVerdict.Outcome
#: Racing senders of one patient, study, series or instance meet at a unique constraint; the loser looks again.
_TRIES = 6
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_ENCODED = "This image is stored already, in another encoding: the same pixels, the same header."
_DECIDED = "An admin has decided about this version of the image: it is kept, and not shown."
_HEALED = "The stored copy of this file was damaged or missing. It was restored from this one."


@dataclass(frozen=True)
class _Arrival:
    """One file on its way in."""

    project: Project
    received_by: User | None
    door: str
    file_name: str
    upload: Upload
    byte_size: int
    digest: str = ""


def instance_store(
    *, source: Path, project: Project, received_by: User | None, door: str, file_name: str, upload: Upload
) -> UploadVerdict:
    """Store the file at ``source`` (which is used up) and say what became of it.

    Idempotent by SOP Instance UID and content: the same bytes again are ``already_stored``; other bytes under a
    known UID are a ``conflict`` that is recorded, never an overwrite. Bad input never raises: it is ``refused``.

    Args:
        source: a staging file on the blob store's file system.
        received_by: who sends; None for the system itself, which may add to every study.
        file_name: as the sender calls it, for the verdict only.
    """
    header_path = blobs.staging_file(".json.z")
    arrival = _Arrival(project, received_by, door, file_name, upload, source.stat().st_size)
    try:
        with source.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        arrival = _Arrival(project, received_by, door, file_name, upload, arrival.byte_size, digest)
        return _stored(arrival, source, header_path)
    except Refused as error:
        return _refused(error, arrival)
    except OSError as error:
        log.warning("instance.not_written", error=type(error).__name__)
        return _refused(refusal("storage_full"), arrival)
    finally:
        for path in (source, header_path):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def _stored(arrival: _Arrival, source: Path, header_path: Path) -> UploadVerdict:
    """Find out whether the file is known, else read it and put its bytes and its header into the blob store."""
    known = _instances().filter(blob_digest=arrival.digest).first()
    if known is not None:
        return _known_verdict(arrival, known, healed=_heal(known, source, header_path))
    parsed = parse_file(source, header_path)
    known = _instances().filter(sop_instance_uid=parsed.sop_instance_uid).first()
    if known is not None:
        return _other_version(arrival, known, parsed, source, header_path)
    _check_study(arrival, Study.objects.filter(study_instance_uid=parsed.study_instance_uid).first())
    header_digest = blobs.put(header_path.read_bytes())
    if blobs.put_file(source) != arrival.digest:
        raise OSError("the file changed while it was stored")
    return _entered(arrival, parsed, header_digest, header_path)


def _heal(known: Instance, source: Path, header_path: Path) -> bool:
    """Put back what an archive has lost of an instance whose file came again, or what was altered on the disk.

    Returns:
        Whether something had to be put back.
    """
    healed = False
    if not blobs.verify(known.header_digest):
        parse_file(source, header_path)
        digest = blobs.put(header_path.read_bytes())
        Instance.objects.filter(pk=known.pk).update(header_digest=digest)
        healed = True
    if not blobs.verify(known.blob_digest):
        blobs.put_file(source)
        healed = True
    return healed


def _entered(arrival: _Arrival, parsed: ParsedInstance, header_digest: str, header_path: Path) -> UploadVerdict:
    """Write the index rows, the audit event and the verdict in one transaction."""
    for _ in range(_TRIES):
        try:
            with transaction.atomic():
                known = _instances().filter(sop_instance_uid=parsed.sop_instance_uid).first()
                if known is not None:
                    break
                study, differing = study_row(parsed)
                _check_study(arrival, study)
                series = series_row(parsed, study)
                instance = instance_row(parsed, series, arrival.digest, header_digest, arrival.byte_size)
                code, message = ("identity_clash", clash_message(study, differing)) if differing else ("", "")
                return _verdict(arrival, instance, Outcome.STORED, code, message)
        except IntegrityError:
            continue
    else:
        raise OSError("other senders of the same study were faster each time")
    # Another sender of the same instance was faster; the bytes lie in the store already.
    return _other_version(arrival, known, parsed, blobs.local_path(arrival.digest), header_path)


def _instances() -> QuerySet[Instance]:
    return Instance.objects.select_related("series__study__patient")


def _check_study(arrival: _Arrival, study: Study | None) -> None:
    """Refuse to show a study of other projects to this one through a file that claims to belong to it."""
    if study is not None and study.project_studies.exists() and not may_add_to(arrival.received_by, study):
        raise refusal("study_elsewhere")


def _known_verdict(arrival: _Arrival, known: Instance, *, healed: bool = False) -> UploadVerdict:
    """The same bytes are stored already."""
    _check_study(arrival, known.series.study)
    with transaction.atomic():
        code, message = ("healed", _HEALED) if healed else ("", "")
        return _verdict(arrival, known, Outcome.ALREADY_STORED, code, message)


def _other_version(
    arrival: _Arrival, known: Instance, parsed: ParsedInstance, source: Path, header_path: Path
) -> UploadVerdict:
    """The UID is known with other bytes: the same image in another encoding, or a version to be decided about."""
    _check_study(arrival, known.series.study)
    if known.blob_digest == arrival.digest:
        return _known_verdict(arrival, known)
    if is_decided(known, arrival.digest):
        with transaction.atomic():
            return _verdict(arrival, known, Outcome.CONFLICT, "version_decided", _DECIDED)
    kind = how_it_differs(known, parsed, header_path)
    if kind is None:
        with transaction.atomic():
            return _verdict(arrival, known, Outcome.ALREADY_STORED, "other_encoding", _ENCODED)
    header_digest = blobs.put(header_path.read_bytes())
    if not blobs.verify(arrival.digest) and blobs.put_file(source) != arrival.digest:
        raise OSError("the file changed while it was stored")
    with transaction.atomic():
        conflict, made = InstanceConflict.objects.get_or_create(
            instance=known,
            refused_digest=arrival.digest,
            defaults={
                "first_digest": known.blob_digest,
                "first_header_digest": known.header_digest,
                "header_digest": header_digest,
                "kind": kind,
                "byte_size": arrival.byte_size,
                "source": _clean(f"{arrival.door}:{arrival.file_name}", 200),
                "received_by": arrival.received_by,
            },
        )
        if not made and not conflict.header_digest:
            conflict.header_digest, conflict.kind = header_digest, kind
            conflict.save(update_fields=["header_digest", "kind"])
        return _verdict(arrival, known, Outcome.CONFLICT, CODES[kind], MESSAGES[kind])


def _verdict(
    arrival: _Arrival, instance: Instance, outcome: Outcome, code: str = "", message: str = ""
) -> UploadVerdict:
    if outcome != Outcome.CONFLICT:
        ProjectStudy.objects.get_or_create(project=arrival.project, study=instance.series.study)
    audit.record(
        AuditKind[f"INSTANCE_{outcome.name}"],
        actor=arrival.received_by,
        object_kind="instance",
        object_id=instance.sop_instance_uid,
        project=arrival.project,
        outcome=outcome.value,
        detail={
            "door": arrival.door,
            "digest": arrival.digest,
            "kept": instance.blob_digest,
            "upload": str(arrival.upload.pk),
        },
    )
    return UploadVerdict.objects.create(
        upload=arrival.upload,
        file_name=_clean(arrival.file_name, 400),
        byte_size=arrival.byte_size,
        outcome=outcome,
        code=code,
        message=message,
        instance=instance,
    )


def _refused(error: Refused, arrival: _Arrival) -> UploadVerdict:
    with transaction.atomic():
        audit.record(
            AuditKind.INSTANCE_REFUSED,
            actor=arrival.received_by,
            object_kind="upload",
            object_id=arrival.upload.pk,
            project=arrival.project,
            outcome=error.code[:40],
            detail={"door": arrival.door, "byte_size": arrival.byte_size, "digest": arrival.digest},
        )
        return UploadVerdict.objects.create(
            upload=arrival.upload,
            file_name=_clean(arrival.file_name, 400),
            byte_size=arrival.byte_size,
            outcome=Outcome.REFUSED,
            code=error.code[:60],
            message=error.message[:400],
        )


def verdict_refused(*, upload: Upload, file_name: str, byte_size: int, code: str) -> UploadVerdict:
    """Note that something that is not even a file of its own (a zip entry, a folder list) was refused."""
    arrival = _Arrival(upload.project, upload.received_by, upload.door, file_name, upload, byte_size)
    return _refused(refusal(code), arrival)


def _clean(name: str, length: int) -> str:
    """Return a sender's file name as text that every database takes, its end kept when it is too long."""
    return _CONTROL.sub("_", name)[-length:]

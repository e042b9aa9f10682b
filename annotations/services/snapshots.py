"""Freezing what was signed off into a dataset that never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotations.dataset.counts import counts_of, gap_of, missing_of
from annotations.dataset.digests import snapshot_digest
from annotations.dataset.notes import notes_of
from annotations.dataset.questions import QUESTIONS
from annotations.dataset.rows import Rows, snapshot_rows
from annotations.dataset.sheet import datasheet_of
from annotations.models import DatasetSnapshot, Label, Workitem
from annotations.rules.lifecycle import SIGNED_OFF
from core import audit, blobs, events
from core.audit_kinds import AuditKind
from core.digest import canonical_json
from core.errors import Invalid
from core.event_kinds import EventKind
from core.models import Project, User
from core.reads import one_moment
from imaging.models import Series
from imaging.services.looks import image_look, near_copies_find, not_looked_at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Progress = Callable[[int, int], None]

Json = dict[str, Any]


def checked_keys(project: Project, question: str, label_keys: Sequence[str]) -> list[str]:
    """Return the label keys in order, each once; raises Invalid (labels, question)."""
    if question not in QUESTIONS:
        titles = " or ".join(one.title.lower() for one in QUESTIONS.values())
        raise Invalid("question_unknown", f"Choose what is asked: {titles}.", known=list(QUESTIONS))
    keys = sorted(set(label_keys))
    if not keys:
        raise Invalid("labels_missing", "Choose at least one label.")
    known = set(Label.objects.filter(project=project, key__in=keys).values_list("key", flat=True))
    if unknown := [key for key in keys if key not in known]:
        raise Invalid("label_unknown", "The project has no such label. Reload the labels.", keys=unknown)
    return keys


def pictures_compare(*, project: Project, on_progress: Progress | None = None) -> int:
    """Look at the pictures of signed-off cases that nobody has looked at, and find near copies; returns how many.

    Before a dataset is counted or frozen: what is not compared cannot be kept apart.
    """
    signed = Workitem.objects.filter(project=project, state__in=SIGNED_OFF)
    series = Series.objects.filter(study__in=signed.values("study"))
    images = list(not_looked_at(series.values_list("pk", flat=True)))
    for done, image in enumerate(images, start=1):
        image_look(image)
        if on_progress:
            on_progress(done, len(images))
    near_copies_find()
    return len(images)


def _built(project: Project, question: str, label_keys: list[str], on_progress: Progress | None) -> tuple[Rows, Json]:
    """Return the rows as one moment of the database has them, and the datasheet of the same moment."""
    with one_moment():
        built = snapshot_rows(project=project, question=question, label_keys=label_keys, on_progress=on_progress)
        gap = gap_of(built.lacking, built.test_waiting)
        counts = counts_of(
            built.rows, label_keys, dict(built.left_out), unsettled=built.unsettled, gap=gap, grown=built.grown
        )
        sheet = datasheet_of(built, counts, project=project, question=question, label_keys=label_keys)
    return built, sheet


def snapshot_preview(
    *, project: Project, question: str, label_keys: Sequence[str], on_progress: Progress | None = None
) -> Json:
    """Return what freezing now would hold: ``{question, label_keys, counts, missing, ready, notes}``.

    ``missing`` is a list of sentences; it is ready when that is empty; ``notes`` are others,
    of what is left to decide and what could not be compared; ``wants_blind_reading`` has the cases of test patients
    that a blind reading would bring into the locked test, by id, with why by label. Raises Invalid (labels, question).
    """
    keys = checked_keys(project, question, label_keys)
    built, sheet = _built(project, question, keys, on_progress)
    counts = sheet["counts"]
    missing = missing_of(counts, question)
    return {
        "question": question, "label_keys": keys, "counts": counts, "missing": missing, "ready": not missing,
        "notes": notes_of(built.facts),
        "wants_blind_reading": {str(case): labels for case, labels in sorted(built.wants_blind_reading.items())},
    }  # fmt: skip


def snapshot_freeze(
    *,
    project: Project,
    name: str,
    question: str,
    label_keys: Sequence[str],
    by: User | None,
    on_progress: Progress | None = None,
) -> DatasetSnapshot:
    """Freeze the signed-off work of a project; the same content again returns the same row.

    Blobs are written first and named by their content, the row last and in one transaction: who dies in between
    leaves nothing that anybody sees.

    Raises:
        Invalid: an unknown label or question; ``snapshot_incomplete`` with the sentences in ``detail.missing``.
    """
    keys = checked_keys(project, question, label_keys)
    built, sheet = _built(project, question, keys, on_progress)
    counts = sheet["counts"]
    if missing := missing_of(counts, question):
        raise Invalid("snapshot_incomplete", " ".join(missing), missing=missing, counts=counts)
    manifest = blobs.put(b"".join(canonical_json(row) + b"\n" for row in built.rows))
    datasheet = blobs.put(canonical_json(sheet))
    digest = snapshot_digest(project=project, question=question, label_keys=keys, manifest=manifest)
    with transaction.atomic():
        fields = {
            "project": project,
            "name": name,
            "manifest_digest": manifest,
            "datasheet_digest": datasheet,
            "question": question,
            "label_keys": keys,
            "counts": counts,
            "frozen_by": by,
        }
        snapshot, made = DatasetSnapshot.objects.get_or_create(digest=digest, defaults=fields)
        if made:
            facts = {"digest": digest, "manifest": manifest, "datasheet": datasheet}
            audit.record(
                AuditKind.SNAPSHOT_FROZEN,
                actor=by,
                object_kind="snapshot",
                object_id=snapshot.pk,
                project=project,
                detail={**facts, "cases": counts["cases"], "question": question},
            )
            events.publish(EventKind.SNAPSHOT_FROZEN, snapshot.pk, project=project, version=digest)
    return snapshot

"""The job that takes a dataset's fingerprint: headers of all training images, pixels of a few; no other split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from annotations.selectors.snapshots import SnapshotCase, snapshot_cases
from core.errors import NotFound
from inference.engine.fingerprint import FrameRow, Seen, fingerprint_of
from inference.engine.recipe_cards import recipe_card
from inference.jobs.frozen import FrozenFile, frozen_facts, frozen_files
from inference.jobs.samples import marked_pixels, snapshot_samples
from inference.models import Fingerprint
from inference.services.fingerprints import fingerprint_finish

if TYPE_CHECKING:
    from core.jobs import JobContext

_One = TypeVar("_One")
#: How many cases are decoded, and how many of their slices at most.
_IMAGES, _SERIES, _SLICES = 40, 12, 1500
#: How many images' drawings are turned into pixels to be counted.
_COUNTED: Final = 1000


def fingerprint(context: JobContext, fingerprint_id: str) -> None:
    """Find what the training cases have in common.

    Raises:
        NotFound: the row is gone. JobStopped: cancelled, or the worker is leaving.
        OverreadError: an image cannot be read.
    """
    row = Fingerprint.objects.select_related("snapshot__project").filter(pk=fingerprint_id).first()
    if row is None:
        raise NotFound("fingerprint_not_found", "The dataset was removed before it was looked at.")
    if row.digest:
        return
    cases = [case for case in snapshot_cases(row.snapshot) if case.split == "train"]
    files = frozen_files(row.snapshot, cases)
    counted = {id(case) for case in _spread(cases, _COUNTED)}
    rows = []
    for done, case in enumerate(cases):
        context.check()
        context.progress(share=round(0.5 * done / len(cases), 3))
        rows.append(_row(case, files[case.sop_instance_uid], row.label_keys, counted=id(case) in counted))
    figures = fingerprint_of(rows, _look(context, row), row.label_keys)
    fingerprint_finish(fingerprint=row, figures=figures)


def _row(case: SnapshotCase, file: FrozenFile, labels: Sequence[str], *, counted: bool) -> FrameRow:
    facts = frozen_facts(file, (case.sop_instance_uid, case.frame_number))
    return FrameRow(
        series=case.series_instance_uid,
        patient=case.patient_key,
        rows=case.rows,
        columns=case.columns,
        modality=file.modality,
        colour=facts.color,
        spacing_mm=facts.space.spacing_mm,
        known={key: state for key in labels if (state := case.labels.get(key)) is not None},
        marked={key: marked_pixels(case, key) for key in labels} if counted else {},
    )


def _look(context: JobContext, row: Fingerprint) -> Seen:
    """Decode some cases, as a training would."""
    dimensions = max(recipe_card(row.recipe).dimensions)
    samples = snapshot_samples(row.snapshot, "train", labels=row.label_keys, dimensions=dimensions)
    some = _spread(samples, _SERIES if dimensions == 3 else _IMAGES)
    seen = Seen()
    for done, sample in enumerate(some):
        context.check()
        context.progress(share=round(0.5 + 0.5 * done / len(some), 3))
        seen.look(sample)
        if seen.slices > _SLICES:
            break
    return seen


def _spread(every: Sequence[_One], most: int) -> list[_One]:
    """Return at most so many, evenly from the first to the last."""
    if len(every) <= most:
        return list(every)
    return [every[round(index * (len(every) - 1) / (most - 1))] for index in range(most)]

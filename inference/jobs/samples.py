"""From the cases of a frozen dataset to the engine's samples. The caller names the split; nothing else is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotations.dataset.questions import QUESTIONS
from annotations.geometry.kinds import SHAPES
from annotations.geometry.rasters import runs_to_mask
from annotations.models import DatasetSnapshot
from annotations.selectors.snapshots import SnapshotCase, snapshot_cases
from imaging.dicom.volume import Volume
from imaging.models import Series
from inference.engine.box_marks import as_deep_as_wide, boxes_of_mask, gathered
from inference.engine.boxes import NO_BOXES, Boxes
from inference.engine.sample import Image, Sample
from inference.jobs.frozen import FrozenFile, frozen_files, frozen_frame, frozen_volume
from inference.jobs.images import engine_image

Mask = NDArray[np.bool_]


def snapshot_samples(snapshot: DatasetSnapshot, split: str, *, labels: Sequence[str], dimensions: int) -> list[Sample]:
    """Return the samples of one split of a frozen dataset that say something of the labels, in its manifest's order.

    Args:
        split: ``train``, ``validation`` or ``test``.
        labels: the keys that are asked for.
        dimensions: with 3 the frozen frames of a series become one sample.

    Raises:
        Conflict: an image of the dataset is no longer stored as it was when it was frozen.
    """
    every = _every_sample(snapshot, split, labels, dimensions)
    return [sample for sample in every if _says_something(sample, labels, snapshot.question)]


def samples_left_out(snapshot: DatasetSnapshot, split: str, *, labels: Sequence[str], dimensions: int) -> int:
    """Return how many samples of a split say nothing of the labels, so that ``snapshot_samples`` leaves them out."""
    every = _every_sample(snapshot, split, labels, dimensions)
    return sum(not _says_something(sample, labels, snapshot.question) for sample in every)


def _says_something(sample: Sample, labels: Sequence[str], question: str) -> bool:
    """Say whether a label is known of a case (of places: marked, or it is absent), or a place of one rejected."""
    if QUESTIONS[question].label_use != "image":
        known = any(sample.regions.get(key) is not None or sample.present.get(key) == 0 for key in labels)
    else:
        known = any(sample.present.get(key) is not None for key in labels)
    return known or any(key in sample.rejected for key in labels)


def _every_sample(snapshot: DatasetSnapshot, split: str, labels: Sequence[str], dimensions: int) -> list[Sample]:
    cases = [case for case in snapshot_cases(snapshot) if case.split == split]
    files = frozen_files(snapshot, cases)
    if dimensions == 3:
        by_series: dict[str, list[SnapshotCase]] = defaultdict(list)
        for case in cases:
            by_series[case.series_instance_uid].append(case)
        return [_volume_sample(members, files, labels) for members in by_series.values()]
    return [_frame_sample(case, files[case.sop_instance_uid], labels) for case in cases]


def _frame_sample(case: SnapshotCase, file: FrozenFile, labels: Sequence[str]) -> Sample:
    def load() -> Image:
        return frozen_frame(file, (case.sop_instance_uid, case.frame_number))

    return Sample(
        sample_id=f"{case.sop_instance_uid}/{case.frame_number}",
        patient_key=case.patient_key,
        load=load,
        present={key: _state(case, key) for key in labels},
        regions={key: mask for key in labels if (mask := _mask_of(case, key)) is not None},
        boxes={key: boxes for key in labels if (boxes := _boxes_of(case, key)) is not None},
        rejected={key: mask for key in labels if (mask := _rejected_mask_of(case, key)) is not None},
        rejected_draws=_rejected_draws([case]),
        weights=_mean_weights([case]),
        draws={key: float(_draws(case, key)) for key in case.label_provenance},
        groups=case.groups,
        frames=lambda: [(case.sop_instance_uid, case.frame_number)],
    )


def _draws(case: SnapshotCase, key: str) -> int:
    """Return how often what is said of a label is to be drawn; datasets of before named it for the whole image."""
    if key in case.label_sampling:
        return case.label_sampling[key]
    return case.sampling if case.label_provenance.get(key) == case.provenance else 1


def _rejected_draws(cases: Sequence[SnapshotCase]) -> float:
    """Return how often a rejected place is to be drawn; datasets of before did not say it of each place."""
    return float(max((region.get("sampling", 2) for case in cases for region in case.rejected_regions), default=1))


def _state(case: SnapshotCase, key: str) -> float | None:
    state = case.labels.get(key)
    return None if state is None else float(state)


def _drawn(case: SnapshotCase, key: str) -> list[dict[str, Any]]:
    return _painted(case.regions, key, (case.rows, case.columns))


def _rejected(case: SnapshotCase, key: str) -> list[dict[str, Any]]:
    return _painted(case.rejected_regions, key, (case.rows, case.columns))


def _painted(regions: Sequence[dict[str, Any]], key: str, shape: tuple[int, int]) -> list[dict[str, Any]]:
    of_label = [region for region in regions if region["label_key"] == key]
    return [region for region in of_label if region["mask"] or _taught(region, shape) is not None]


def _taught(region: dict[str, Any], shape: tuple[int, int]) -> Mask | None:
    kind = SHAPES.get(region["kind"])
    return kind.taught(np.asarray(region["points_px"], np.float64), shape) if kind and region["points_px"] else None


def _mask_of(case: SnapshotCase, key: str) -> Callable[[], Mask] | None:
    regions = _drawn(case, key)
    if not regions or case.labels.get(key) != 1:
        return None
    return lambda: frame_mask(regions, (case.rows, case.columns))[None]


def _boxes_of(case: SnapshotCase, key: str) -> Callable[[], Boxes] | None:
    regions = _drawn(case, key)
    if not regions or case.labels.get(key) != 1:
        return None
    return lambda: gathered(_marks(regions, (case.rows, case.columns), 0))


def _marks(regions: Sequence[dict[str, Any]], shape: tuple[int, int], k: int) -> Boxes:
    """Return the box of each shape and of each part of each mask of one frame, [N, 6], one slice deep at slice k."""
    found = [boxes_of_mask(frame_mask([region], shape)[None]) for region in regions]
    marks = np.concatenate([*found, NO_BOXES])
    marks[:, [0, 3]] += k
    return marks


def marked_pixels(case: SnapshotCase, key: str) -> int:
    """Return how many pixels of an image are marked as a label that is there."""
    load = _mask_of(case, key)
    return int(load().sum()) if load is not None else 0


def _rejected_mask_of(case: SnapshotCase, key: str) -> Callable[[], Mask] | None:
    regions = _rejected(case, key)
    return (lambda: frame_mask(regions, (case.rows, case.columns))[None]) if regions else None


def frame_mask(regions: Sequence[dict[str, Any]], shape: tuple[int, int]) -> Mask:
    """Return mask_ji, the union of drawn regions of one frame.

    Args:
        regions: of a ``SnapshotCase``.
        shape: (rows, columns).
    """
    mask = np.zeros(shape, np.bool_)
    for region in regions:
        if region["mask"]:
            mask |= runs_to_mask(region["mask"]["runs"], shape)
        else:
            taught = _taught(region, shape)
            mask |= taught if taught is not None else False
    return mask


def _volume_sample(members: Sequence[SnapshotCase], files: Mapping[str, FrozenFile], labels: Sequence[str]) -> Sample:
    cases = _without_localizers(members, files[members[0].sop_instance_uid].series)
    first = cases[0]
    by_frame = {(case.sop_instance_uid, case.frame_number): case for case in cases}
    named = {case.sop_instance_uid: files[case.sop_instance_uid] for case in cases}
    stored = tuple((file.digest, uid) for uid, file in named.items())

    def volume() -> Volume:
        return frozen_volume(stored, frozenset(by_frame))

    def load() -> Image:
        return engine_image(volume(), named[first.sop_instance_uid].modality)

    def mask_loader(key: str, regions_of: Callable[[SnapshotCase, str], list[dict[str, Any]]]) -> Callable[[], Mask]:
        def mask_kji() -> Mask:
            shape = (first.rows, first.columns)
            return np.stack([frame_mask(regions_of(by_frame[frame], key), shape) for frame in volume().frames])

        return mask_kji

    def box_loader(key: str) -> Callable[[], Boxes]:
        def boxes() -> Boxes:
            shape, stack = (first.rows, first.columns), volume()
            drawn = [_drawn(by_frame[frame], key) for frame in stack.frames]
            marks = np.concatenate([NO_BOXES, *(_marks(of_frame, shape, k) for k, of_frame in enumerate(drawn))])
            things = gathered(marks)
            if any(region["mask"] for of_frame in drawn for region in of_frame):
                return things
            return as_deep_as_wide(things, stack.spacing_mm_kji, len(stack.frames))

        return boxes

    present: dict[str, float | None] = {}
    boxes: dict[str, Callable[[], Boxes]] = {}
    regions: dict[str, Callable[[], Mask] | None] = {}
    rejected: dict[str, Callable[[], Mask]] = {}
    for key in labels:
        if any(_rejected(case, key) for case in cases):
            rejected[key] = mask_loader(key, _rejected)
        states = [case.labels.get(key) for case in cases]
        known = all(state is not None for state in states)
        present[key] = float(any(state == 1 for state in states)) if known else None
        if known and any(_drawn(case, key) for case in cases):
            regions[key], boxes[key] = mask_loader(key, _drawn), box_loader(key)
    return Sample(
        sample_id=first.series_instance_uid,
        patient_key=first.patient_key,
        load=load,
        present=present,
        regions=regions,
        boxes=boxes,
        rejected=rejected,
        rejected_draws=_rejected_draws(cases),
        weights=_mean_weights(cases),
        draws={
            key: float(max(_draws(case, key) for case in cases if key in case.label_provenance))
            for key in {key for case in cases for key in case.label_provenance}
        },
        groups=first.groups,
        frames=lambda: volume().frames,
    )


def _mean_weights(cases: Sequence[SnapshotCase]) -> dict[str, float]:
    """Return each label's mean weight over the frames that say something of it, or else reject a place of it."""
    said: dict[str, list[float]] = defaultdict(list)
    rejected: dict[str, list[float]] = defaultdict(list)
    for case in cases:
        for key, weight in case.label_weights.items():
            said[key].append(weight)
        for region in case.rejected_regions:
            rejected[region["label_key"]].append(region.get("weight", 1.0))
    said = rejected | said
    return {key: sum(weights) / len(weights) for key, weights in said.items()}


def _without_localizers(cases: Sequence[SnapshotCase], series: Series) -> list[SnapshotCase]:
    """Return a series' cases without localizers, which datasets of before hold; all where there are no others."""
    if all(case.file_digest for case in cases):
        return list(cases)
    localizers = set(series.geometry.get("localizers", ()))
    return [case for case in cases if case.sop_instance_uid not in localizers] or list(cases)

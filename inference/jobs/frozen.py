"""The files of a frozen dataset: each case is read from the file that was shown when it was frozen, and no other.

An admin may since show another version of an image (other pixels, another rescale or spacing): what was frozen stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from core import blobs
from core.errors import Conflict, NotFound
from imaging.dicom.frame_facts import FrameFacts, frame_facts
from imaging.dicom.frames import open_image
from imaging.dicom.json_model import header_model
from imaging.dicom.volume import Volume, load_volume
from imaging.models import ConflictDecision, Instance
from inference.jobs.images import engine_image

if TYPE_CHECKING:
    from pathlib import Path

    from annotations.models import DatasetSnapshot
    from annotations.selectors.snapshots import SnapshotCase
    from imaging.models import Series
    from inference.engine.sample import Image

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class FrozenFile:
    """What one image of a dataset is read from.

    Attributes:
        digest: of the stored file: the same bytes on every worker, for ever.
        modality: of its series when it was frozen.
        series: where it lies in the archive now.
    """

    digest: str
    modality: str
    series: Series


def frozen_files(snapshot: DatasetSnapshot, cases: Sequence[SnapshotCase]) -> dict[str, FrozenFile]:
    """Return by SOP Instance UID what the cases are read from.

    Raises:
        Conflict: an image was removed from the archive; or, in a dataset that names no files (it was frozen before
            they were kept), it has other pixels than then.
    """
    wanted = sorted({case.sop_instance_uid for case in cases})
    instances: dict[str, Instance] = {}
    for start in range(0, len(wanted), _CHUNK):
        rows = Instance.objects.select_related("series").filter(sop_instance_uid__in=wanted[start : start + _CHUNK])
        instances |= {row.sop_instance_uid: row for row in rows}
    replaced = _shown_then(snapshot) if any(not case.file_digest for case in cases) else {}
    found: dict[str, FrozenFile] = {}
    for case in cases:
        uid = case.sop_instance_uid
        instance, then = instances.get(uid), replaced.get(uid, "")
        if instance is None or not (case.file_digest or then or instance.pixel_digest == case.pixel_digest):
            raise image_changed(uid)
        digest = case.file_digest or then or instance.blob_digest
        found[uid] = FrozenFile(digest, case.modality or instance.series.modality, instance.series)
    return found


def _shown_then(snapshot: DatasetSnapshot) -> dict[str, str]:
    """Return, of images that an admin decided about since the dataset was frozen, which file was shown before."""
    since = ConflictDecision.objects.filter(created_at__gt=snapshot.created_at).order_by("-created_at", "-id")
    return dict(since.values_list("conflict__instance__sop_instance_uid", "shown_before"))


def image_changed(sop_instance_uid: str) -> Conflict:
    """Return the refusal of a dataset of which an image cannot be read as it was frozen."""
    return Conflict(
        "snapshot_image_changed",
        "An image of this dataset is no longer stored as it was when it was frozen. Freeze a new one.",
        sop_instance_uid=sop_instance_uid,
    )


def _file(digest: str, uid: str) -> Path:
    try:
        return blobs.local_path(digest)
    except NotFound as gone:
        raise image_changed(uid) from gone


@lru_cache(maxsize=2)
def _whole(digest: str, uid: str) -> Volume:
    """Return the frames of a file; the last two stay, because the frames of an image are asked for in a row."""
    return load_volume([_file(digest, uid)])


@lru_cache(maxsize=8)
def _facts(digest: str, uid: str) -> tuple[FrameFacts, ...]:
    return tuple(frame_facts(header_model(open_image(_file(digest, uid)).dataset)))


def frozen_facts(file: FrozenFile, frame: tuple[str, int]) -> FrameFacts:
    """Return what the header of a file says of one frame; raises Conflict where it is not stored any more."""
    facts = _facts(file.digest, frame[0])
    if not 1 <= frame[1] <= len(facts):
        raise image_changed(frame[0])
    return facts[frame[1] - 1]


def frozen_frame(file: FrozenFile, frame: tuple[str, int]) -> Image:
    """Return one frame (SOP Instance UID, number from 1) of a file; raises Conflict where it is not stored any more."""
    volume = _whole(file.digest, frame[0])
    if frame not in volume.frames:
        raise image_changed(frame[0])
    k = volume.frames.index(frame)
    image = engine_image(volume, file.modality)
    return replace(image, pixels_kji=image.pixels_kji[k : k + 1])


@lru_cache(maxsize=2)
def frozen_volume(files: tuple[tuple[str, str], ...], frames: frozenset[tuple[str, int]]) -> Volume:
    """Return exactly these frames of these files as one volume, whatever else has arrived in their series.

    Args:
        files: (digest, SOP Instance UID) of each stored file: the same on every worker, and no other bytes ever.
        frames: (SOP Instance UID, frame number) of each frozen case.

    Raises:
        Conflict: a file is not stored any more, or the files do not hold every one of these frames.
    """
    volume = load_volume([_file(digest, uid) for digest, uid in files])
    kept = [k for k, frame in enumerate(volume.frames) if frame in frames]
    if len(kept) != len(frames):
        raise image_changed(min(frames - set(volume.frames))[0])
    if len(kept) == len(volume.frames):
        return volume
    between = set(range(kept[0], kept[-1])) - set(kept)
    return replace(
        volume,
        pixels_kji=volume.pixels_kji[kept],
        padding_kji=None if volume.padding_kji is None else volume.padding_kji[kept],
        affine_lps=None,
        even_slices=volume.even_slices and not between,
        frames=[volume.frames[k] for k in kept],
    )

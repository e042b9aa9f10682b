"""Reads of the archive that more than one room needs."""

from __future__ import annotations

import hashlib
import json
import zlib
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from django.db.models import Q

from core import blobs
from core.errors import NotFound
from imaging.dicom.errors import PixelsUnreadable
from imaging.dicom.frame_facts import FrameFacts, frame_facts
from imaging.dicom.geometry import reading_order
from imaging.dicom.grey_levels import GreyWindow, found_window
from imaging.dicom.object_kinds import LAYER_CLASSES
from imaging.dicom.pixels import REVISION, image_values
from imaging.dicom.volume import Volume, load_volume
from imaging.models import DECODABLE, Instance

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet
    from numpy.typing import NDArray

    from imaging.models import Series

#: Series of one space or one clip: their images are not read one by one.
_NOT_FLAT: Final = ("volume", "cine")


def instance_header(instance: Instance) -> dict[str, Any]:
    """Return the instance's DICOM JSON header as stored; raises NotFound when its blob is missing."""
    return header_of_digest(instance.header_digest)


def header_of_digest(header_digest: str) -> dict[str, Any]:
    """Return the DICOM JSON header that is stored under this digest; raises NotFound."""
    header: dict[str, Any] = json.loads(zlib.decompress(blobs.get(header_digest)))
    return header


def shown(rows: QuerySet[Instance]) -> QuerySet[Instance]:
    """Return those that are pictures which can be shown: no layers, documents or videos (``Instance.is_shown``)."""
    return rows.filter(display__in=DECODABLE).exclude(sop_class_uid__in=LAYER_CLASSES)


def besides_pictures(rows: QuerySet[Instance]) -> QuerySet[Instance]:
    """Return those that ``shown`` leaves out."""
    return rows.exclude(Q(display__in=DECODABLE) & ~Q(sop_class_uid__in=LAYER_CLASSES))


def displayable_instances(series: Series) -> QuerySet[Instance]:
    """Return the pictures of the series that can be shown, in instance order."""
    return shown(series.instances.all()).order_by("instance_number", "sop_instance_uid")


def is_localizer(instance: Instance) -> bool:
    """Say whether the picture only shows where others lie: it is read, but no model learns from it or is asked."""
    return instance.sop_instance_uid in instance.series.geometry.get("localizers", ())


def model_images(series: Series) -> QuerySet[Instance]:
    """Return the pictures of the series that a model may be shown, in instance order: all but localizers."""
    return displayable_instances(series).exclude(sop_instance_uid__in=series.geometry.get("localizers", ()))


def is_flat(instance: Instance) -> bool:
    """Say whether the picture is read by itself: one frame, and no slice of a volume or moment of a clip."""
    return instance.number_of_frames <= 1 and instance.series.geometry.get("kind") not in _NOT_FLAT


@lru_cache(maxsize=2048)
def facts_of_digest(header_digest: str) -> tuple[FrameFacts, ...]:
    """Return the facts of each frame of the instance whose header is stored under this digest; raises NotFound."""
    return tuple(frame_facts(header_of_digest(header_digest)))


def series_frame_facts(series: Series) -> list[FrameFacts]:
    """Return the facts of every frame of the series that can be shown, in reading order."""
    return reading_order([facts for image in displayable_instances(series) for facts in instance_frame_facts(image)])


def instance_frame_facts(instance: Instance) -> tuple[FrameFacts, ...]:
    """Return the facts of every frame of an instance, with how its pixels are really sent and what its series adds."""
    facts = _with_uptake(instance, facts_of_digest(instance.header_digest))
    if instance.display == Instance.Display.CONVERTED:
        return tuple(replace(one, delivery="rgb" if one.color else "values") for one in facts)
    return tuple(
        replace(one, delivery="values") if _is_decoded_here(instance.transfer_syntax_uid, one) else one for one in facts
    )


def _is_decoded_here(transfer_syntax_uid: str, facts: FrameFacts) -> bool:
    """Say whether a grey frame is decoded on the server, where it is proven right, and not in a browser.

    JPEG of 12 bits; signed bytes in JPEG 2000, whose negative samples a browser's decoder turns into zero, and in
    lossless JPEG, which it refuses.
    """
    if facts.color:
        return False
    signed_bytes = facts.bits.signed and facts.bits.stored <= 8
    return transfer_syntax_uid == _JPEG_EXTENDED or (signed_bytes and transfer_syntax_uid in _WITHOUT_SIGN)


def frame_facts_of(instance: Instance, frame_number: int) -> FrameFacts:
    """Return the facts of one frame of an instance.

    Raises:
        NotFound: the image has no such frame. PixelsUnreadable: its stored header does not describe it.
    """
    frames = max(1, instance.number_of_frames)
    if not 1 <= frame_number <= frames:
        raise NotFound("no_such_frame", f"This image has {frames} frames; ask for one of them.")
    facts = instance_frame_facts(instance)
    if frame_number > len(facts):
        raise PixelsUnreadable(
            "image_header_incomplete", "The header of this image does not say what this frame is. Send the image again."
        )
    return facts[frame_number - 1]


def _with_uptake(instance: Instance, facts: tuple[FrameFacts, ...]) -> tuple[FrameFacts, ...]:
    """Return PET facts whose uptake counts from the one moment of their series (see ``imaging.dicom.suv``)."""
    if not facts or facts[0].unit.suv is None:
        return facts
    siblings = shown(Instance.objects.filter(series=instance.series_id)).order_by("header_digest")
    first = _first_acquired(tuple(siblings.values_list("header_digest", flat=True)))
    if first is None or first == facts[0].acquired_at:
        return facts
    return _facts_since(instance.header_digest, first)


@lru_cache(maxsize=64)
def _first_acquired(header_digests: tuple[str, ...]) -> datetime | None:
    found = (facts[0].acquired_at for digest in header_digests if (facts := facts_of_digest(digest)))
    return min((one for one in found if one is not None), default=None)


@lru_cache(maxsize=2048)
def _facts_since(header_digest: str, first_acquired: datetime) -> tuple[FrameFacts, ...]:
    return tuple(frame_facts(header_of_digest(header_digest), first_acquired=first_acquired))


def series_frames_digest(series: Series) -> str:
    """Return a digest that changes when ``series_frame_facts`` does."""
    rows = displayable_instances(series).values_list("header_digest", "display", "blob_digest")
    seed = "".join(part for row in rows for part in row)
    return hashlib.sha256(f"{REVISION}{series.series_instance_uid}{seed}".encode()).hexdigest()[:40]


def replaced_instances(series: Series) -> dict[str, int]:
    """Return the version shown of each instance of which an admin chose another version than came first."""
    return dict(series.instances.filter(version__gt=1).values_list("sop_instance_uid", "version"))


#: How many frames of a series are looked at for the window that its values suggest.
_LOOKED_AT: Final = 7
_JPEG_EXTENDED: Final = "1.2.840.10008.1.2.4.51"
#: Lossless JPEG and JPEG 2000.
_WITHOUT_SIGN: Final = frozenset(f"1.2.840.10008.1.2.4.{one}" for one in (57, 70, 90, 91, 92, 93, 201, 202, 203))
_windows: dict[str, GreyWindow | None] = {}


def series_window(series: Series) -> GreyWindow | None:
    """Return the window that the values of a series suggest, for its grey frames that name none; else None.

    One window for all slices, from some frames evenly taken: what differs between slices differs on the screen.
    """
    digest = series_frames_digest(series)
    if digest not in _windows:
        if len(_windows) > 4096:
            _windows.clear()
        _windows[digest] = _found_window(series)
    return _windows[digest]


def _found_window(series: Series) -> GreyWindow | None:
    bare = [
        (image, facts)
        for image in displayable_instances(series)
        for facts in instance_frame_facts(image)
        if not facts.color and not facts.voi
    ]
    if not bare:
        return None
    chosen = {round(at * (len(bare) - 1) / (_LOOKED_AT - 1)) for at in range(_LOOKED_AT)}
    values = []
    for index in sorted(chosen):
        image, facts = bare[index]
        with suppress(PixelsUnreadable, NotFound):
            values.append(image_values(blobs.local_path(image.blob_digest), facts.frame_number, facts))
    return found_window(values) if values else None


def has_pictures(study_id: UUID) -> bool:
    """Say whether the study holds anything that can be read on a screen."""
    return shown(Instance.objects.filter(series__study=study_id)).exists()


def series_volume(series: Series) -> Volume:
    """Return the series as one volume of modality values; see ``images_volume``."""
    return images_volume(displayable_instances(series))


def images_volume(images: Iterable[Instance]) -> Volume:
    """Return images of one series as one volume of modality values, slices in the order of their positions.

    Raises:
        NotFound: a stored file is missing. PixelsUnreadable, NotOneSpace: see ``imaging.dicom.volume``.
    """
    return load_volume([blobs.local_path(image.blob_digest) for image in images])


def instance_volume(instance: Instance) -> Volume:
    """Return one instance as a volume of its own (one slice for a single-frame image)."""
    return load_volume([blobs.local_path(instance.blob_digest)])


def frame_values(instance: Instance, frame_number: int) -> tuple[NDArray[np.float64], str] | None:
    """Return a frame's values ``[J, I]`` as a reader sees them, NaN where there is padding, and their unit.

    They are modality values, or uptake where the image proves it (``ValueUnit.shown``). Colour, and what cannot be
    shown, has none.

    Raises:
        NotFound: the stored file, or the frame, is missing. PixelsUnreadable: it cannot be decoded.
    """
    if not instance.is_shown:
        return None
    facts = frame_facts_of(instance, frame_number)
    if facts.color:
        return None
    unit, factor = facts.unit.shown
    return image_values(blobs.local_path(instance.blob_digest), frame_number, facts) * factor, unit

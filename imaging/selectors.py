"""Reads of the archive that more than one room needs."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from core import blobs
from imaging.dicom.volume import Volume, load_volume
from imaging.models import Instance

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from imaging.models import Series


def instance_header(instance: Instance) -> dict[str, Any]:
    """Return the instance's DICOM JSON header as stored; raises NotFound when its blob is missing."""
    header: dict[str, Any] = json.loads(zlib.decompress(blobs.get(instance.header_digest)))
    return header


def displayable_instances(series: Series) -> QuerySet[Instance]:
    """Return the instances of the series that have an image which can be shown, in instance order."""
    shown = [Instance.Display.AS_STORED, Instance.Display.CONVERTED]
    return series.instances.filter(display__in=shown).order_by("instance_number", "sop_instance_uid")


def series_volume(series: Series) -> Volume:
    """Return the series as one volume of modality values, slices in the order of their positions.

    Raises:
        NotFound: a stored file is missing. PixelsUnreadable, NotOneSpace: see ``imaging.dicom.volume``.
    """
    return load_volume([blobs.local_path(instance.blob_digest) for instance in displayable_instances(series)])


def instance_volume(instance: Instance) -> Volume:
    """Return one instance as a volume of its own (one slice for a single-frame image)."""
    return load_volume([blobs.local_path(instance.blob_digest)])

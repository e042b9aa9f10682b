"""Which pictures of a case its reading may teach about; the others are counted by their reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotations.content.images import images_read
from imaging.selectors import is_localizer

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

    from annotations.models import Workitem
    from imaging.models import Instance


def pictures_taught(workitem: Workitem, images: Iterable[Instance], left_out: Counter[str]) -> list[Instance]:
    """Return those of a case's pictures that its reading was made of and that a model may learn from.

    Args:
        left_out: the others are counted here: ``arrived_after_reading``, or ``stored_after_reading`` where an old
            reading kept no list and times of storage decide; ``localizers``.
    """
    read = images_read(workitem)
    late = "arrived_after_reading" if read.named is not None else "stored_after_reading"
    taught: list[Instance] = []
    for image in images:
        if not read.holds(image):
            left_out[late] += 1
        elif is_localizer(image):
            left_out["localizers"] += 1
        else:
            taught.append(image)
    return taught

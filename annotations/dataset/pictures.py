"""Which pictures of a case its reading may teach about; the others are counted by their reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from annotations.content.images import images_read
from annotations.rules.pictures import PictureRules, picture_of
from imaging.selectors import is_flat

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

    from annotations.dataset.questions import Question
    from annotations.models import Workitem
    from imaging.models import Instance


#: Codes under which images are left out that came after their case was read: by its list, or by times of storage.
LATE: Final = ("arrived_after_reading", "stored_after_reading")


def pictures_taught(
    workitem: Workitem, images: Iterable[Instance], rules: PictureRules, question: Question, left_out: Counter[str]
) -> list[Instance]:
    """Return those of a case's pictures that its reading was made of and that its project's question is about.

    Args:
        rules: of the project.
        question: that the dataset asks.
        left_out: the others are counted here: ``arrived_after_reading``, or ``stored_after_reading`` where an old
            reading kept no list and times of storage decide; by the rule's reason; ``slices_and_clips`` or
            ``single_pictures``.
    """
    read = images_read(workitem)
    late = LATE[0] if read.by_list else LATE[1]
    taught: list[Instance] = []
    for image in images:
        if not read.holds(image):
            left_out[late] += 1
        elif why := rules.why_not(picture_of(image)):
            left_out[why] += 1
        elif not question.takes(flat=is_flat(image)):
            left_out["single_pictures" if question.pictures == "in_series" else "slices_and_clips"] += 1
        else:
            taught.append(image)
    return taught

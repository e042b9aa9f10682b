"""Waiting for a series to be complete: it is asked about when no image has come for a while, not at each image.

Who uploads in a browser or imports a folder says when that is finished; other senders send image by image and never do.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db.models import Max

from core.clock import database_now
from imaging.models import Upload, UploadVerdict
from inference.models import Prediction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imaging.models import Instance

#: No image waits longer than this for an answer to be begun, however many come after it.
LONGEST_WAIT: Final = timedelta(minutes=1)


def wait_for_quiet(prediction: Prediction, images: Sequence[Instance]) -> timedelta:
    """Return how long the computation of a prediction is to wait: until its series has been quiet.

    Args:
        images: what it is about.
    """
    quiet = timedelta(seconds=settings.OVERREAD_ARRIVAL_QUIET_SECONDS)
    now = database_now()
    if not quiet or _came_finished(max(images, key=lambda image: image.created_at)):
        return timedelta(0)
    arrived = [image.created_at for image in images]
    answered = _last_answered(prediction)
    unanswered = [at for at in arrived if answered is None or at > answered] or arrived
    ready = min(max(arrived) + quiet, min(unanswered) + LONGEST_WAIT)
    return min(max(ready - now, timedelta(0)), quiet)


def _came_finished(image: Instance) -> bool:
    """Say whether the upload that brought the image said that it was finished."""
    verdicts = UploadVerdict.objects.filter(instance=image, outcome=UploadVerdict.Outcome.STORED)
    door = verdicts.values_list("upload__door", flat=True).first()
    return door in (Upload.Door.BROWSER, Upload.Door.COMMAND)


def _last_answered(prediction: Prediction) -> datetime | None:
    """Return when the version was last asked something about the series that it has answered."""
    asked = Prediction.objects.filter(
        workitem=prediction.workitem_id,
        series=prediction.series_id,
        version=prediction.version_id,
        state=Prediction.State.FINISHED,
    )
    latest: datetime | None = asked.aggregate(latest=Max("created_at"))["latest"]
    return latest

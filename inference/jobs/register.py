"""The job of an alignment: two series → engine → what is kept. Only a person's word makes it count."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from django.conf import settings

from core.errors import Conflict, NotFound
from core.jobs import JobStopped
from imaging.selectors import images_volume, model_images
from inference.alignable import is_outdated
from inference.engine.device import best_device
from inference.engine.errors import ImageError, RegistrationStopped
from inference.engine.registration import align as engine
from inference.engine.registration.placed import PlacedVolume, grid_points, values_at
from inference.float_stacks import stack_put
from inference.models import Registration
from inference.services.registrations import registration_finish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from core.jobs import JobContext
    from imaging.models import Series

Frames = list[tuple[str, int]]


def register(context: JobContext, registration_id: str) -> None:
    """Align two series and keep what was found; running twice keeps it once.

    Raises:
        NotFound: it is gone. Conflict: a series has changed since it was asked for. JobStopped: cancelled, or the
        worker is leaving. OverreadError: the images cannot be read or aligned.
    """
    rows = Registration.objects.select_related("fixed__study", "moving__study", "workitem__project")
    registration = rows.filter(pk=registration_id).first()
    if registration is None:
        raise NotFound("registration_not_found", "The alignment was removed before it was computed.")
    if registration.state == Registration.State.FINISHED:
        return
    if is_outdated(registration):
        raise Conflict("series_changed", "A series has changed since the alignment was asked for. Ask again.")
    context.progress(phase="loading", at_once=True)
    fixed, frames = _placed(registration.fixed)
    moving, _ = _placed(registration.moving)
    try:
        made = engine.register(
            fixed,
            moving,
            method=cast("engine.Method", registration.method),
            threads=settings.OVERREAD_TORCH_THREADS,
            device=best_device(),
            on_progress=lambda share: context.progress(phase="aligning", share=round(share, 3)),
            should_stop=context.should_stop,
        )
    except RegistrationStopped as stopped:
        raise JobStopped from stopped
    context.progress(phase="storing", at_once=True)
    moved = engine.moved_slices(fixed.shape_kji, fixed.affine_lps, moving, made.forward)
    seen: list[NDArray[np.float32]] = []
    stack = stack_put(_asking(moved, context, seen), frames)
    registration_finish(
        registration=registration,
        settings=made.settings(),
        numbers=made.numbers.to_json(),
        verdict=made.verdict.to_json(),
        transform=made.forward.to_bytes(),
        moved={**stack, **_usual_range(seen)},
        inconsistency=stack_put(_asking(_inconsistency(fixed, made), context, []), frames),
    )


def _placed(series: Series) -> tuple[PlacedVolume, Frames]:
    volume = images_volume(model_images(series))
    if volume.affine_lps is None or volume.pixels_kji.ndim != 3 or not volume.even_slices:
        raise ImageError("not_alignable", "This series is no evenly spaced grey volume, so it cannot be aligned.")
    return PlacedVolume(volume.pixels_kji, volume.affine_lps, series.modality), volume.frames


def _inconsistency(fixed: PlacedVolume, made: engine.Registered) -> Iterator[NDArray[np.float32]]:
    """Yield how far forth and back disagree on each slice of the fixed series, mm; NaN beside the body's grid."""
    coarse = PlacedVolume(made.maps.inconsistency_mm_kji, made.maps.affine_lps)
    _, rows, columns = fixed.shape_kji
    for affine in engine.slice_affines(fixed.shape_kji, fixed.affine_lps):
        yield values_at(coarse, grid_points((1, rows, columns), affine))[0]


def _asking(
    slices: Iterator[NDArray[np.float32]], context: JobContext, seen: list[NDArray[np.float32]]
) -> Iterator[NDArray[np.float32]]:
    """Yield slices, asking whether to stop before each; every eighth pixel each way is added to ``seen``."""
    for one in slices:
        context.check()
        seen.append(one[::8, ::8])
        yield one


def _usual_range(seen: list[NDArray[np.float32]]) -> dict[str, float]:
    """Return the 1st and 99th percentile of values: what a window on them would show."""
    known = np.concatenate([one[np.isfinite(one)] for one in seen])
    low, high = (float(one) for one in np.percentile(known, [1, 99])) if len(known) else (0.0, 1.0)
    return {"low": low, "high": high}

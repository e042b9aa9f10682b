"""The job of a saliency map: one image, one label, one method → a map in the image's own grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import Conflict, NotFound
from inference.engine import saliency as engine
from inference.engine.recipe_cards import recipe_card
from inference.jobs.images import images_seen, input_changed, model_of
from inference.models import Prediction, SaliencyMap
from inference.services.saliency import saliency_finish

if TYPE_CHECKING:
    from core.jobs import JobContext
    from inference.engine.sample import Image
    from inference.jobs.images import Frames


def explain(context: JobContext, saliency_id: str) -> None:
    """Compute one map and keep it; of a series of several images, that of the image that decided.

    Raises:
        NotFound: the map is gone. Conflict: the series changed since it was predicted.
        OverreadError: the images cannot be read, or the model is not whole.
    """
    rows = SaliencyMap.objects.select_related("prediction__series__study", "prediction__version__family")
    saliency = rows.filter(pk=saliency_id).first()
    if saliency is None:
        raise NotFound("saliency_not_found", "The map was removed before it was computed.")
    if saliency.state == SaliencyMap.State.FINISHED:
        return
    prediction = saliency.prediction
    if input_changed(prediction):
        raise Conflict("series_changed", "The series has changed since it was predicted. Ask for a new prediction.")
    image, frames, frame = _deciding(prediction, saliency.label_key)
    context.check()
    model = model_of(prediction.version)
    made = engine.explain(
        model,
        image,
        saliency.label_key,
        saliency.method,
        frame=frame,
        on_progress=lambda share: context.progress(phase="explaining", share=share),
    )
    whole = np.ascontiguousarray(np.rint(np.clip(made.map_kji, 0.0, 1.0) * 255).astype(np.uint8))
    # Frames that were not explained are not shown as if nothing were there.
    if made.frame is not None:
        whole, frames = whole[made.frame : made.frame + 1], [frames[made.frame]]
    parameters: dict[str, Any] = {**made.parameters, "raw_range": list(made.raw_range)}
    saliency_finish(
        saliency=saliency,
        map_bytes=whole.tobytes(),
        shape_kji=(whole.shape[0], whole.shape[1], whole.shape[2]),
        frames=frames,
        layer=made.layer,
        parameters=parameters,
    )


def _deciding(prediction: Prediction, label_key: str) -> tuple[Image, Frames, int | None]:
    """Return the image to explain, its frames, and the frame (None: the engine's choice)."""
    said = prediction.output.get("labels", {}).get(label_key, {})
    wanted = (said.get("sop_instance_uid"), said.get("frame_number"))
    for image, frames in images_seen(prediction.series, prediction.version):
        if wanted in frames:
            whole = recipe_card(prediction.version.family.recipe).reads != "flat_images"
            return image, frames, None if whole else frames.index(wanted)
    raise Conflict("series_changed", "The image that decided is no longer in the series. Ask for a new prediction.")

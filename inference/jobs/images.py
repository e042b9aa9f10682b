"""From the archive's images to the engine's; and the models a worker keeps ready."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING

from core import blobs
from imaging.selectors import images_volume, instance_volume, is_flat
from inference.engine.checkpoint import load_model
from inference.engine.device import best_device
from inference.engine.sample import Image
from inference.series_choice import images_for, input_digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imaging.dicom.volume import Volume
    from imaging.models import Series
    from inference.engine.loaded_model import LoadedModel
from inference.engine.recipe_cards import recipe_card
from inference.models import ModelVersion, Prediction

Frames = list[tuple[str, int]]


def engine_image(volume: Volume, modality: str) -> Image:
    """Return the archive's volume as the engine takes it."""
    return Image(volume.pixels_kji, volume.spacing_mm_kji, modality, volume.even_slices, volume.aspect_ji)


def images_seen(series: Series, version: ModelVersion) -> Iterator[tuple[Image, Frames]]:
    """Yield what the version looks at in a series: each flat image, or the volume, as its recipe reads.

    Each comes with (SOP Instance UID, frame number from 1) of its slices.
    """
    family = version.family
    images = images_for(family, series)
    reads = recipe_card(family.recipe).reads
    together = [one for one in images if reads == "volume" or (reads == "pictures_or_volume" and not is_flat(one))]
    if together:
        volume = images_volume(together)
        yield engine_image(volume, series.modality), volume.frames
    for instance in images:
        if instance not in together:
            volume = instance_volume(instance)
            yield engine_image(volume, series.modality), volume.frames


def input_changed(prediction: Prediction) -> bool:
    """Say whether the series has other images now than when the prediction was asked for."""
    images = images_for(prediction.version.family, prediction.series)
    return input_digest(prediction.version, images) != prediction.input_digest


@lru_cache(maxsize=3)
def _loaded(weights_digest: str, card_digest: str) -> LoadedModel:
    return load_model(blobs.get(weights_digest), json.loads(blobs.get(card_digest)), device=best_device())


def model_of(version: ModelVersion) -> LoadedModel:
    """Return the version's network; the last three stay loaded in this worker.

    Raises:
        CheckpointError: the stored model is not whole.
    """
    return _loaded(version.weights_digest, version.card_digest)

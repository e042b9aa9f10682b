"""Which series of a study a model family reads, and the digest of what it would see there."""

from __future__ import annotations

from core.digest import digest_of
from imaging.models import Instance, Series, Study
from imaging.selectors import displayable_instances, flat_images
from inference.engine.recipe_cards import recipe_card
from inference.models import ModelFamily, ModelVersion


def images_for(family: ModelFamily, series: Series) -> list[Instance]:
    """Return the images of a series that the family reads, in instance order: flat single images, or every image of
    a volume, as its recipe says; none where the modality does not fit."""
    if family.modalities and series.modality not in family.modalities:
        return []
    if recipe_card(family.recipe).reads == "volume":
        return list(displayable_instances(series))
    return flat_images(series)


def series_for(family: ModelFamily, study: Study) -> list[Series]:
    """Return the series of a study that the family reads, by series number."""
    rows = study.series.order_by("series_number", "series_instance_uid")
    return [series for series in rows if images_for(family, series)]


def input_digest(version: ModelVersion, images: list[Instance]) -> str:
    """Return the digest of what the version would see: the pixels, and how they are prepared."""
    return digest_of(
        {
            "pixels": [[image.sop_instance_uid, image.pixel_digest] for image in images],
            "preprocessing": version.card.get("preprocessing", {}),
        }
    )

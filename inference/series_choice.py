"""Which series of a study a model family reads, and the digest of what it would see there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.db.models import Exists, OuterRef

from annotations.dataset.questions import QUESTIONS, Question
from annotations.rules.pictures import picture_of, picture_rules
from core.digest import digest_of
from imaging.models import Instance, Series, Study
from imaging.selectors import is_flat, model_images, shown
from inference.engine.recipe_cards import recipe_card
from inference.models import ModelFamily, ModelVersion


def images_for(family: ModelFamily, series: Series) -> list[Instance]:
    """Return the images of a series that the family reads, in instance order: those that would teach it.

    Flat single images, slices and clips, or any, as the question of its datasets says; only what its project's question
    is about, and none where the modality does not fit.
    """
    if family.modalities and series.modality not in family.modalities:
        return []
    rules = picture_rules(family.project_id)
    images = model_images(series).select_related("series")
    asked = [image for image in images if not rules.why_not(picture_of(image))]
    return [image for image in asked if question_of(family).takes(flat=is_flat(image))]


def question_of(family: ModelFamily) -> Question:
    """Return what the datasets ask that the family learns from."""
    return QUESTIONS[recipe_card(family.recipe).question]


def series_for(family: ModelFamily, study: Study) -> list[Series]:
    """Return the series of a study that the family reads, by series number."""
    rows = study.series.order_by("series_number", "series_instance_uid")
    return [series for series in rows if images_for(family, series)]


def series_with_pictures(study: Study) -> list[Series]:
    """Return the series of a study that hold anything to look at, by series number."""
    pictures = shown(Instance.objects.filter(series=OuterRef("pk")))
    return list(study.series.filter(Exists(pictures)).order_by("series_number", "series_instance_uid"))


def why_outside(family: ModelFamily, series: Series) -> str:
    """Return the code of the reason why a family does not read a series with pictures: it was trained on others."""
    if family.modalities and series.modality not in family.modalities:
        return "outside_modality"
    if not model_images(series).exists():
        return "outside_localizer"
    rules = picture_rules(family.project_id)
    reasons = Counter(rules.why_not(picture_of(image)) for image in model_images(series).select_related("series"))
    if not reasons[""]:
        return f"outside_{reasons.most_common(1)[0][0]}"
    if question_of(family).pictures == "in_series":
        return "outside_single_pictures"
    kind = series.geometry.get("kind")
    return f"outside_{kind}" if kind in ("volume", "cine") else "outside_multiframe"


def _seen(image: Instance) -> list[object]:
    """Name what would be seen of an image; a version shown instead of another may differ in its header only."""
    replaced = [image.version] if image.version > 1 else []
    return [image.sop_instance_uid, image.pixel_digest, *replaced]


def input_digest(version: ModelVersion, images: Sequence[Instance]) -> str:
    """Return the digest of what the version would see: the pixels, and how they are prepared."""
    return digest_of(
        {
            "pixels": [_seen(image) for image in images],
            "preprocessing": version.card.get("preprocessing", {}),
        }
    )

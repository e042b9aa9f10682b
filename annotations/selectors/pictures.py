"""How many of a project's pictures its question is about, under any rules, and why the others are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any, Final

from django.db.models import Count, QuerySet

from annotations.rules.pictures import WORDS, Picture, PictureRules, picture_of
from core.models import Project
from imaging.models import Instance, Series
from imaging.selectors import shown

Json = dict[str, Any]
_ALIKE: Final = (
    "series__modality", "view_position", "series__view_position", "body_part_examined", "series__body_part_examined",
    "image_type", "subject", "samples_per_pixel", "photometric_interpretation",
)  # fmt: skip
_FACETS: Final = {"modalities": "modality", "views": "view", "body_parts": "body_part"}


def pictures_preview(project: Project, rules: PictureRules) -> Json:
    """Return what the rules would keep of the project's pictures, and which values there are to choose from.

    Returns:
        ``{images, kept, left_out, modalities, views, body_parts}``: ``left_out`` is a list of
        ``{reason, words, images}``; the last three are lists of ``{value, images}``, "" for what says none.
    """
    reasons: Counter[str] = Counter()
    values: dict[str, Counter[str]] = {name: Counter() for name in _FACETS}
    for picture, _colour, images in _alike(project):
        reasons[rules.why_not(picture)] += images
        for name, attribute in _FACETS.items():
            values[name][str(getattr(picture, attribute)).strip().upper()] += images
    left_out = [(reason, count) for reason, count in reasons.most_common() if reason]
    return {
        "images": reasons.total(),
        "kept": reasons[""],
        "left_out": [{"reason": reason, "words": WORDS[reason], "images": count} for reason, count in left_out],
        **{name: _choices(found) for name, found in values.items()},
    }


def colour_share(project: Project, rules: PictureRules, modalities: Collection[str] = ()) -> float:
    """Return which share, 0 to 1, of the pictures that the question is about is in colour; 0 where there are none.

    Args:
        modalities: only these; empty means every one.
    """
    grey = coloured = 0
    for picture, in_colour, images in _alike(project):
        if rules.why_not(picture) or (modalities and picture.modality not in modalities):
            continue
        coloured += images if in_colour else 0
        grey += 0 if in_colour else images
    return coloured / (coloured + grey) if coloured else 0.0


def _in_colour(samples_per_pixel: int | None, photometric_interpretation: str) -> bool:
    return samples_per_pixel == 3 or photometric_interpretation == "PALETTE COLOR"


def _choices(found: Counter[str]) -> list[Json]:
    return [{"value": value, "images": count} for value, count in sorted(found.items())]


def _alike(project: Project) -> Iterator[tuple[Picture, bool, int]]:
    """Yield what the rule looks at, whether it is in colour, and how many are alike; localizers' series one by one."""
    images: QuerySet[Instance] = shown(Instance.objects.filter(series__study__projects=project))
    series = Series.objects.filter(study__projects=project)
    mixed = [pk for pk, found in series.values_list("pk", "geometry__localizers") if found]
    for row in images.exclude(series__in=mixed).order_by().values_list(*_ALIKE).annotate(images=Count("pk")):
        modality, view, series_view, part, series_part, image_type, subject, samples, photometric, count = row
        picture = Picture(modality, view or series_view, part or series_part, image_type, subject)
        yield picture, _in_colour(samples, photometric), count
    for image in images.filter(series__in=mixed).select_related("series"):
        yield picture_of(image), _in_colour(image.samples_per_pixel, image.photometric_interpretation), 1

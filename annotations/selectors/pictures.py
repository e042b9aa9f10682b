"""How many of a project's pictures its question is about, under any rules, and why the others are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from django.db.models import Count, QuerySet

from annotations.rules.pictures import WORDS, Picture, PictureRules, picture_of
from core.models import Project
from imaging.models import Instance, Series
from imaging.selectors import shown

Json = dict[str, Any]
_ALIKE: Final = (
    "series__modality", "view_position", "series__view_position", "body_part_examined", "series__body_part_examined",
    "image_type", "subject",
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
    for picture, images in _alike(project):
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


def _choices(found: Counter[str]) -> list[Json]:
    return [{"value": value, "images": count} for value, count in sorted(found.items())]


def _alike(project: Project) -> Iterator[tuple[Picture, int]]:
    """Yield what the rule looks at, and how many pictures are alike in it; series with localizers one by one."""
    images: QuerySet[Instance] = shown(Instance.objects.filter(series__study__projects=project))
    series = Series.objects.filter(study__projects=project)
    mixed = [pk for pk, found in series.values_list("pk", "geometry__localizers") if found]
    for row in images.exclude(series__in=mixed).order_by().values_list(*_ALIKE).annotate(images=Count("pk")):
        modality, view, series_view, part, series_part, image_type, subject, count = row
        yield Picture(modality, view or series_view, part or series_part, image_type, subject), count
    for image in images.filter(series__in=mixed).select_related("series"):
        yield picture_of(image), 1

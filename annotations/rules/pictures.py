"""Which pictures a project's question is about: one rule for freezing, training, evaluating and predicting.

A project may name modalities, views and body parts. Never part of a question are localizers, dose sheets, scanned
documents and test objects; captures, and images computed from others, are where the project asks for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from annotations.models import ReadingProtocol
from imaging.dicom.picture_values import Subject
from imaging.models import Instance
from imaging.selectors import is_localizer

#: Modalities in which DERIVED means another picture than the one that was acquired (reformats, projections, maps). A
#: radiograph, an ultrasound image and a photograph are DERIVED as soon as they are processed for presentation.
_COMPUTED: Final = frozenset({"CT", "MR", "PT", "NM"})
_CAPTURES: Final = frozenset({"screen_captures", "secondary_captures"})
#: Why a picture is no part of the question, as it is said on a screen (singular).
WORDS: Final[dict[str, str]] = {
    "localizers": "localizer",
    "dose_sheets": "dose sheet",
    "documents": "scanned document",
    "quality_control": "phantom or quality control",
    "screen_captures": "screen capture",
    "secondary_captures": "secondary capture",
    "other_modality": "another modality",
    "computed": "reformatted or computed image",
    "other_view": "another view",
    "other_body_part": "another body part",
}
_BY_SUBJECT: Final[dict[str, str]] = {
    Subject.LOCALIZER: "localizers",
    Subject.DOSE_SHEET: "dose_sheets",
    Subject.DOCUMENT: "documents",
    Subject.QUALITY_CONTROL: "quality_control",
    Subject.SCREEN_CAPTURE: "screen_captures",
    Subject.SECONDARY_CAPTURE: "secondary_captures",
}


class Picture(NamedTuple):
    """What the rule looks at; texts as the index holds them."""

    modality: str
    view: str
    body_part: str
    image_type: str
    subject: str


def picture_of(image: Instance) -> Picture:
    """Return what the rule looks at of an image (with its series)."""
    series = image.series
    subject = Subject.LOCALIZER if is_localizer(image) else image.subject
    view = image.view_position or series.view_position
    body_part = image.body_part_examined or series.body_part_examined
    return Picture(series.modality, view, body_part, image.image_type, subject)


@dataclass(frozen=True, slots=True)
class PictureRules:
    """What a project asks about.

    Attributes:
        modalities, views, body_parts: upper case; empty means every one, and "" stands for what says none.
        computed: reformatted and computed images, too.
        captures: screen captures and secondary captures, too.
    """

    modalities: frozenset[str] = frozenset()
    views: frozenset[str] = frozenset()
    body_parts: frozenset[str] = frozenset()
    computed: bool = False
    captures: bool = False

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Read what a protocol keeps (``pictures``); what it does not name is as usual."""
        named: dict[str, Any] = {
            name: frozenset(one.strip().upper() for one in values.get(name, ())) for name in _LISTS
        }
        named |= {name: bool(values.get(name, False)) for name in _SWITCHES}
        return cls(**named)

    def to_json(self) -> dict[str, Any]:
        """Return the rules as they are kept."""
        named: dict[str, Any] = {name: sorted(getattr(self, name)) for name in _LISTS}
        return named | {name: getattr(self, name) for name in _SWITCHES}

    def why_not(self, picture: Picture) -> str:
        """Return the code of the reason why a picture is no part of the question; empty when it is."""
        reason = _BY_SUBJECT.get(picture.subject, "")
        if reason and not (reason in _CAPTURES and self.captures):
            return reason
        if _misses(self.modalities, picture.modality):
            return "other_modality"
        if not self.computed and not reason and _is_computed(picture):
            return "computed"
        if _misses(self.views, picture.view):
            return "other_view"
        return "other_body_part" if _misses(self.body_parts, picture.body_part) else ""


_LISTS: Final = ("modalities", "views", "body_parts")
_SWITCHES: Final = ("computed", "captures")


def _misses(wanted: frozenset[str], value: str) -> bool:
    return bool(wanted) and value.strip().upper() not in wanted


def _is_computed(picture: Picture) -> bool:
    kind = picture.image_type.split("\\")
    derived = kind[0] == "DERIVED" and picture.modality in _COMPUTED
    return derived or kind[1:2] == ["SECONDARY"]


def outside_words(rules: PictureRules, images: Iterable[Instance]) -> str:
    """Return in words which of a series' pictures are no part of the question, and why; empty when all are."""
    pictures = list(images)
    reasons = Counter(reason for image in pictures if (reason := rules.why_not(picture_of(image))))
    if not reasons:
        return ""
    why = ", ".join(WORDS[reason] for reason, _ in reasons.most_common())
    return why if reasons.total() == len(pictures) else f"{reasons.total()} of {len(pictures)} images: {why}"


def picture_rules(project_id: UUID) -> PictureRules:
    """Return the rules of a project; the usual ones where it set none."""
    kept = ReadingProtocol.objects.filter(project=project_id).values_list("pictures", flat=True).first()
    return PictureRules.of(kept or {})

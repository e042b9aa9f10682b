"""What is kept of where a version looks, by label (``inference.engine.gaze``). Knows no numpy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from inference.engine.kept import Figure, Kept

RegionName = Literal[
    "marks", "edge", "border", "top_left", "top_right", "bottom_left", "bottom_right", "outside", "body", "centre"
]
REGION_WORDS: Final[Mapping[RegionName, str]] = {
    "marks": "burned-in letters and markers",
    "edge": "border and corners",
    "border": "the border",
    "top_left": "the top left corner",
    "top_right": "the top right corner",
    "bottom_left": "the bottom left corner",
    "bottom_right": "the bottom right corner",
    "outside": "outside the body",
    "body": "the body",
    "centre": "all but border and corners",
}

CORNERS: Final[tuple[RegionName, ...]] = ("top_left", "top_right", "bottom_left", "bottom_right")

BalancedName = Literal["marker", "sex", "age_band", "view", "scanner"]
BALANCED_WORDS: Final[Mapping[BalancedName, str]] = {
    "marker": "having a burned-in marker or not",
    "sex": "sex",
    "age_band": "age",
    "view": "view",
    "scanner": "scanner",
}

PictureKind = Literal["original", "finding", "edge", "marks"]
PICTURE_WORDS: Final[Mapping[PictureKind, str]] = {
    "original": "As it is",
    "finding": "Marked place replaced",
    "edge": "Border and corners replaced",
    "marks": "Markers painted over",
}


class RegionFigures(Kept):
    """What a region of the picture is to the answer, as ROC AUC on the same cases.

    Attributes:
        words: of the region.
        alone: AUC where everything else is the mean of all pictures; null where that was not asked.
        without: AUC where the region is replaced; null where that was not asked.
        change: that less the AUC of the whole pictures, paired.
        cases: whose picture has such a region.
    """

    name: RegionName
    words: str
    alone: Figure | None
    without: Figure | None
    change: Figure | None
    cases: int


class Balanced(Kept):
    """ROC AUC among cases that are alike in something: only pairs of one group are compared.

    Attributes:
        groups: how many of them hold both states.
        pairs: of a positive and a negative case that were compared.
    """

    name: BalancedName
    words: str
    auc: Figure
    groups: int
    pairs: int


class GazePicture(Kept):
    """A picture as the model got it, and what it said: the logit, and the calibrated probability.

    ``png`` is it in base64, at most 160 pixels a side.
    """

    kind: PictureKind
    words: str
    logit: float
    probability: float
    png: str


class GazeExample(Kept):
    """A telling case, kept with the outputs and not in the report: who may see it is asked each time.

    ``words`` say why it is shown.
    """

    label_key: str
    case_id: str
    words: str
    pictures: tuple[GazePicture, ...]


class GazeFigures(Kept):
    """Where a version looks for one label, on locked test cases (``inference.engine.gaze``).

    Attributes:
        cases, positives, negatives: whose regions were replaced.
        auc: of the whole pictures, on these cases.
        gap: mean logit of the positive less that of the negative cases: what grounding is a share of.
        fewest: patients with a mark below which grounding is not judged.
        marked: positive cases with a reader's mark and equal places elsewhere in the body.
        marked_patients: theirs.
        grounding: mean share of the gap that goes with the marked place, beyond what goes with equal places elsewhere.
        logit_drop: the same in logits.
        oftener: how often the marked place costs more than an equal place elsewhere.
        swapped: as ``grounding``, with the pixels of another patient with the label; of ``swapped_cases``.
        marks_at_edge: share of the marked area that lies in border and corners.
        outside: share of the answer's change that goes with what is outside the body; of ``outside_cases`` pictures.
        map_outside, map_outside_area: share of the best map, and of the picture, outside the body; ``map_label`` is its
            name.
        with_marker: cases with burned-in letters or markers: positive and negative ones.
        turned: of these, share of decisions that change when they are painted over.
        regions: what each region is to the answer.
        balanced: AUC within groups.
        sentences: all that in words.
    """

    cases: int
    positives: int
    negatives: int
    auc: Figure
    gap: float | None
    fewest: int
    marked: int
    marked_patients: int
    grounding: Figure | None
    logit_drop: Figure | None
    oftener: Figure | None
    swapped: Figure | None
    swapped_cases: int
    marks_at_edge: float | None
    outside: Figure | None
    outside_cases: int
    map_outside: float | None = None
    map_outside_area: float | None = None
    map_label: str = ""
    with_marker: tuple[int, int]
    turned: Figure | None
    regions: tuple[RegionFigures, ...]
    balanced: tuple[Balanced, ...]
    sentences: tuple[str, ...]

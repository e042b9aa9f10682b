"""What is kept of how boxes are found (``inference.engine.box_figures``). Knows no numpy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from inference.engine.kept import CalibrationBin, ExampleKind, Figure, Kept, Share

BoxFloorName = Literal["usual_places", "bright_blobs"]


BOX_FLOOR_WORDS: Final[Mapping[BoxFloorName, str]] = {
    "usual_places": "the places where boxes of the training cases lie most",
    "bright_blobs": "the brightest blobs of a usual size",
}


class BoxFloor(Kept):
    """What boxes without a model reach on the same cases (``inference.engine.box_floors``), and it in words."""

    name: BoxFloorName
    words: str
    cpm: Figure
    ap10: Figure


class FrocPoint(Kept):
    """One point of the FROC curve."""

    threshold: Share
    false_per_case: float
    sensitivity: Share


class FrocRate(Kept):
    """The sensitivity at a number of false boxes a case."""

    false_per_case: float
    sensitivity: Figure


class BoxExample(Kept):
    """A test case that is shown with its report; its boxes are kept with the outputs.

    Attributes:
        shown_as: by the share of the true boxes found, then by false ones and overlap; "healthy" has only false ones.
        marked, found, beside: true boxes, those of them that were hit, and false boxes, at the threshold.
    """

    shown_as: ExampleKind
    case_id: str
    marked: int
    found: int
    beside: int


class BoxFigures(Kept):
    """How well boxes are found. A box hits where its centre lies in a true one; decided at the version's threshold.

    Attributes:
        n: cases whose true boxes are known, those without any too.
        with_box: those with something to find.
        without_place: cases with the label and no box of it: they are not among ``n``.
        marked: all true boxes.
        said: all boxes that reach the threshold.
        cpm: mean sensitivity at the rates of ``froc``.
        froc: sensitivity at ⅛ to 8 false boxes a case.
        curve: the whole curve.
        ap10, ap50: average precision where a box hits by an overlap (IoU) of 0.1, or 0.5.
        sensitivity: share of the true boxes that were hit.
        beside: false boxes a case.
        overlap: mean overlap (IoU) of the hits with what they hit.
        ece: calibration error of the boxes that reach the threshold.
        calibration: all boxes by stated probability, and what share of them is a hit.
        floor: boxes without a model on the same cases, the best first.
        examples: cases that are shown, the worst first, then false boxes on cases with nothing to find.
    """

    n: int
    with_box: int
    without_place: int
    marked: int
    said: int
    cpm: Figure
    froc: tuple[FrocRate, ...]
    curve: tuple[FrocPoint, ...]
    ap10: Figure
    ap50: Figure
    sensitivity: Figure
    beside: Figure
    overlap: Figure
    ece: Figure
    calibration: tuple[CalibrationBin, ...]
    floor: tuple[BoxFloor, ...] = ()
    examples: tuple[BoxExample, ...] = ()

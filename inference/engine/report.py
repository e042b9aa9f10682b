"""What is kept of an evaluation: the report of a model on locked test cases, and the gate's verdict. One shape.

The engine fills it, the report row keeps it as JSON, the API describes it in OpenAPI, and the front end's types are
made from that. Schemas ``overread-evaluation/1`` and ``overread-gate/2``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from inference.engine.box_report import BoxFigures
from inference.engine.gate_plan import Role
from inference.engine.gaze_report import GazeFigures
from inference.engine.kept import CalibrationBin, ExampleKind, Share
from inference.engine.kept import Figure as Figure
from inference.engine.kept import Kept as Kept
from inference.engine.kept import Method as Method
from inference.engine.map_report import MapGrades


class Confusion(Kept):
    """Decisions at the version's threshold, counted."""

    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int


class RocPoint(Kept):
    """One point of the ROC curve; the first has no threshold."""

    threshold: float | None
    false_positive_rate: Share
    true_positive_rate: Share


TrivialName = Literal["nothing", "all", "mean_mask", "location", "majority"]


TRIVIAL_WORDS: Final[Mapping[TrivialName, str]] = {
    "nothing": "nothing painted",
    "all": "every pixel painted",
    "mean_mask": "the mean mask of the training cases",
    "location": "the place where training masks lie most",
    "majority": "what most training cases say of each pixel",
}


class TrivialAnswer(Kept):
    """What an answer without a model scores on the same cases (``inference.engine.trivial``), and it in words.

    Attributes:
        dice: over the cases with a mask.
        specificity: share of the cases without one that it leaves clean.
    """

    name: TrivialName
    words: str
    dice: Figure
    specificity: Figure

    @model_validator(mode="before")
    @classmethod
    def _of_earlier_form(cls, values: Any) -> Any:
        """Add the words, which reports of before did not keep."""
        return {"words": TRIVIAL_WORDS[values["name"]], **values} if values.get("name") in TRIVIAL_WORDS else values


SimpleGroup = Literal["sex", "age_band", "view", "scanner"]
SimpleName = Literal["positive", "negative", "prevalence", "brightness", "contrast", "size"] | SimpleGroup
SIMPLE_GROUPS: Final[tuple[SimpleGroup, ...]] = get_args(SimpleGroup)

SIMPLE_WORDS: Final[Mapping[SimpleName, str]] = {
    "positive": "always positive",
    "negative": "always negative",
    "prevalence": "how frequent it is in training",
    "brightness": "how bright the image is",
    "contrast": "how much contrast the image has",
    "size": "how many pixels the image has",
    "sex": "the patient's sex",
    "age_band": "the patient's age",
    "view": "the view",
    "scanner": "the scanner",
}


class SimpleAnswer(Kept):
    """What an answer without a model says of the same cases (``inference.engine.simple_answers``), and it in words."""

    name: SimpleName
    words: str
    auc: Figure
    sensitivity: Figure
    specificity: Figure


class Example(Kept):
    """A test case that is shown with its report; its masks are kept with the outputs.

    Attributes:
        shown_as: by Dice among the cases with a mask; "healthy" is one without, on which something was painted.
        case_id: as in the outputs.
        missed: there is a mask, and none of it was painted.
        hd95: null where one of the two is empty.
    """

    shown_as: ExampleKind
    case_id: str
    missed: bool
    dice: float | None
    hd95: float | None
    volume_true: float
    volume_predicted: float
    unit: str
    extent_unit: str


class SegmentationFigures(Kept):
    """How well masks agree: distances in ``unit``, volumes (areas of single slices) in ``extent_unit``.

    Dice, surface agreement, distance and volume are of the cases whose truth has a mask, a miss counted; what is
    painted where there is nothing to find has figures of its own. Reports from before that lack them (null).

    Attributes:
        n: cases whose true mask is known, empty ones too.
        with_mask: those with something to find.
        missed: of them, those of which no voxel was painted; their Dice is 0.
        unpainted: of them, those with no paint at all; their distance is the image's diagonal.
        lesions: connected parts of all truths.
        other_unit: cases left out of distances and volumes, since their images prove another unit.
        without_place: cases with the label and no mask of it: they are not judged by masks.
        nsd: share of the surfaces that lies within ``tolerance`` (in ``unit``) of the other one.
        hd95: mean over cases of the larger directed 95th percentile of the surface distances.
        sensitivity: share of cases with a mask on which anything was painted.
        specificity: share of cases without one on which nothing was painted.
        false_volume: mean painted on cases without a mask.
        lesion_sensitivity: share of all lesions of which a voxel was painted.
        false_lesions: painted parts that touch no lesion, for each case.
        trivial: answers that need no model, on the same cases, the best first.
        examples: cases that are shown, the worst first, then what was painted on cases without a mask.
    """

    n: int
    with_mask: int | None = None
    missed: int | None = None
    unpainted: int | None = None
    lesions: int | None = None
    other_unit: int = 0
    without_place: int = 0
    dice: Figure
    nsd: Figure | None = None
    tolerance: float | None = None
    hd95: Figure
    volume_error: Figure
    volume_bias: Figure
    sensitivity: Figure | None = None
    specificity: Figure | None = None
    false_volume: Figure | None = None
    lesion_sensitivity: Figure | None = None
    false_lesions: Figure | None = None
    trivial: tuple[TrivialAnswer, ...] = ()
    examples: tuple[Example, ...] = ()
    unit: str
    extent_unit: str = ""


class PlaceFigures(Kept):
    """How the outlines of a classifier lie on the places that readers marked (``inference.engine.place_score``).

    Attributes:
        n: cases whose places are known: marked, or the label is absent.
        with_place: those with a marked place.
        without_place: cases with the label and no marked place: they are not among ``n``.
        marked: all marked places.
        outlines: all outlines on these cases.
        found: share of the marked places that an outline lies on (lesion localisation fraction).
        on: share of the outlines that lie on a marked place.
        beside: outlines that lie on none, for each case (non-lesion localisations).
    """

    n: int
    with_place: int
    without_place: int
    marked: int
    outlines: int
    found: Figure
    on: Figure
    beside: Figure


class LabelFigures(Kept):
    """All figures of one label.

    Attributes:
        boxes: of detections; the calibration of their answers is that of their boxes.
        maps: of classifications; null in reports of before, and of the version that a new one is compared with.
        gaze: where it looks, of classifications of single images; null in reports of before.
        places: of classifications that learned places; null in reports of before, too.
        simple: of classifications: answers that need no model, on the same cases, the best first.
    """

    n: int
    positives: int
    negatives: int
    unknown: int
    threshold: float
    confusion: Confusion
    accuracy: Figure
    sensitivity: Figure
    specificity: Figure
    auc: Figure
    ece: Figure
    brier: Figure
    roc: tuple[RocPoint, ...]
    calibration: tuple[CalibrationBin, ...]
    segmentation: SegmentationFigures | None = None
    boxes: BoxFigures | None = None
    places: PlaceFigures | None = None
    simple: tuple[SimpleAnswer, ...] = ()
    maps: MapGrades | None = None
    gaze: GazeFigures | None = None


class SubgroupFigures(Kept):
    """The figures of one label among the cases of one subgroup; ``too_few`` means: no result, only a number."""

    n: int
    positives: int
    too_few: bool
    accuracy: Figure
    sensitivity: Figure
    specificity: Figure
    auc: Figure
    dice: Figure | None


class Subgroup(Kept):
    """The cases of one value of a dimension."""

    cases: int
    patients: int
    labels: dict[str, SubgroupFigures]


class OverallFigures(Kept):
    """Means over the labels."""

    auc: Figure
    accuracy: Figure
    dice: Figure | None


class Evaluation(Kept):
    """The report of one model on locked test cases: per label, and per subgroup of each dimension.

    ``left_out`` counts the cases of the test part that say nothing of any of the labels, and are not among ``cases``;
    reports of before did not count them (null).
    """

    version: Literal["overread-evaluation/1"] = Field(default="overread-evaluation/1", alias="schema")
    cases: int
    patients: int
    left_out: int | None = None
    repeated_patients: bool
    overall: OverallFigures
    labels: dict[str, LabelFigures]
    groups: dict[str, dict[str, Subgroup]]


Verdict = Literal["passed", "refused", "cannot_tell"]
#: The main metric of each grading (``inference.engine.gradings``).
MetricKey = Literal["auc", "dice", "cpm"]


@dataclass(frozen=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class Criterion:
    """One question of the gate, judged by its interval alone (``inference.engine.verdict``).

    ``passed`` is true where the interval excludes the harm, false where it shows the harm, null where it holds both.
    By its ``role`` a criterion is ``required`` (must be shown), a ``guard`` (refuses where harm is shown, and lets pass
    what cannot be told), or ``told`` (never decides). Where there is no ``limit``, nothing is judged.
    """

    id: str
    title: str
    role: Role
    passed: bool | None
    value: float | None
    interval: tuple[float, float] | None
    limit: float | None
    sentence: str


class Power(Kept):
    """Whether the test set is large enough to tell."""

    patients: int
    patients_needed: int | None
    sentence: str


class Gate(Kept):
    """May a challenger take the live model's place? A person still has to do it.

    ``excusable``: a first model that does not pass only for where it looks; a person may answer for it by name.
    """

    version: Literal["overread-gate/2"] = Field(default="overread-gate/2", alias="schema")
    verdict: Verdict
    passed: bool
    excusable: bool = False
    sentence: str
    patients: int
    cases: int
    metric: MetricKey
    first: bool
    judged_labels: tuple[str, ...]
    plan: dict[str, float | int | str]
    criteria: tuple[Criterion, ...]
    power: Power

    @model_validator(mode="before")
    @classmethod
    def _of_earlier_form(cls, values: Any) -> Any:
        return gate_in_present_form(values) if isinstance(values, dict) else values


def evaluation_in_present_form(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kept report with every figure that is declared now; null or none where it was not measured then."""
    labels = {
        key: {
            **one,
            "simple": one.get("simple", []),
            "places": one.get("places"),
            "boxes": one.get("boxes"),
            "maps": one.get("maps"),
            "gaze": one.get("gaze"),
            "segmentation": _masks_in_present_form(one.get("segmentation")),
        }
        for key, one in kept.get("labels", {}).items()
    }
    return {**kept, "labels": labels}


def _masks_in_present_form(kept: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return SegmentationFigures.model_validate(kept).to_json() if kept else None


def gate_in_present_form(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kept verdict as ``overread-gate/2``; in ``/1`` a criterion was required, or refused by shown harm."""
    if "verdict" in kept or "passed" not in kept:
        return dict(kept)
    criteria = [
        {name: one[name] for name in one if name != "required"} | {"role": "required" if one["required"] else "guard"}
        for one in kept.get("criteria", [])
    ]
    refused = any(one["passed"] is False for one in criteria)
    verdict = "passed" if kept["passed"] else "refused" if refused else "cannot_tell"
    return {**kept, "schema": "overread-gate/2", "criteria": criteria, "verdict": verdict}

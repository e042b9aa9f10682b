"""The limits of the gate, declared before a training: the change plan. Knows no numpy, so that any process reads it.

Each limit's title and description are what the page shows: they are said here only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from inference.engine.settings import Settings

Role = Literal["required", "guard", "told"]
GroundingRole = Literal["where_marked", "required", "guard", "told"]
Share = Annotated[float, Field(ge=0, le=1)]
Margin = Share
SURFACE_TOLERANCE: Final = 2.0
#: The floor that everything lies above: none is declared.
NO_FLOOR: Final = 0.0

_ROLE = "Required: it must be shown to hold. Guard: shown harm refuses. Told: decides nothing."


class GatePlan(Settings):
    """What a new version must be shown to reach.

    Raises:
        ConfigError: a value is out of its range.
    """

    word: ClassVar[str] = "limit of the change plan"
    code: ClassVar[str] = "change_plan_wrong"
    unknown_code: ClassVar[str] = "change_plan_wrong"

    margin: Margin = Field(
        0.05,
        title="Main metric: may be lower by",
        description="How much lower the ROC AUC (of masks: the Dice; of boxes: the FROC mean) may truly be. "
        "Less asks for more test patients.",
    )
    sensitivity_margin: Margin = Field(
        0.10,
        title="Sensitivity: may be lower by",
        description="At each version's own operating point, all labels together.",
    )
    specificity_margin: Margin = Field(
        0.10,
        title="Specificity: may be lower by",
        description="At each version's own operating point, all labels together. Of boxes: how much more may lie "
        "beside, on a scale where one false box a case is ½.",
    )
    benefit: Literal["superior", "more_labels"] = Field(
        "more_labels",
        title="What counts as a benefit",
        description="Superior: the main metric is shown to be higher. More labels: or it learned from a tenth more "
        "reviewed labels, or of those that a reviewer decided one by one.",
    )
    negative_flip_limit: Share = Field(
        0.02,
        title="Right decisions that become wrong, at most",
        description="Share of the live version's right decisions.",
    )
    flips: Role = Field("guard", title="Right decisions that become wrong: role", description=_ROLE)
    calibration_margin: Share = Field(
        0.03,
        title="Calibration error: may be higher by",
        description="Mean distance between stated probability and what came true.",
    )
    calibration: Role = Field(
        "guard", title="Calibration: role", description=f"{_ROLE} Of a first model it is told unless required."
    )
    subgroup_margin: Margin = Field(
        0.10,
        title="A subgroup: may lose",
        description="Sensitivity (of masks: Dice; of boxes: share found) by sex, age, view and scanner.",
    )
    subgroups: Role = Field("guard", title="Subgroups: role", description=_ROLE)
    labels: Role = Field("guard", title="Each label's main metric: role", description=_ROLE)
    smallest: Annotated[int, Field(ge=2, le=10_000)] = Field(
        10,
        title="Patients a label needs to be judged",
        description="Positive and negative test patients each (of masks and boxes: patients with one).",
    )
    auc_floor: Share = Field(
        0.5,
        title="First model: ROC AUC above",
        description="0.5 is chance. There is nothing to compare it with. 0 declares no floor: it is told, not judged.",
        json_schema_extra={"nothing_at": NO_FLOOR},
    )
    dice_floor: Share = Field(
        0.3,
        title="First model: Dice above",
        description="Of masks. 0 declares no floor: it is told, not judged.",
        json_schema_extra={"nothing_at": NO_FLOOR},
    )
    froc_floor: Share = Field(
        0.3,
        title="First model: FROC mean above",
        description="Of boxes. 0 declares no floor: it is told, not judged.",
        json_schema_extra={"nothing_at": NO_FLOOR},
    )
    ece_floor: Share = Field(
        0.15, title="First model: calibration error at most", description="Told unless calibration is required."
    )
    trivial: Role = Field(
        "required",
        title="Better than every answer that needs no model: role",
        description=f"{_ROLE} Such answers: the same to everybody, brightness, scanner, the mean mask, "
        "usual places and others. "
        "Beside a live classifier a required answer is a guard.",
    )
    grounding: GroundingRole = Field(
        "told",
        title="Looks at the finding: role",
        description="Of single images: replacing the reader's mark must count for more than replacing equal places "
        "elsewhere. Where marked: required with 10 marked test patients, else a guard.",
    )
    grounding_margin: Margin = Field(
        0.15,
        title="Looks at the finding: may be less by",
        description="Beside the live version: share of what tells positive from negative that goes with the mark.",
    )
    outside_limit: Share = Field(
        0.25,
        title="Outside the body hangs at most",
        description="Share of the answer's change that goes with air, border letters and markers.",
    )
    outside: Role = Field("told", title="Outside the body: role", description=_ROLE)
    shortcut_margin: Margin = Field(
        0.05,
        title="Without markers and border: ROC AUC may be lower by",
        description="Markers are painted over; border and corners are replaced by the mean of all pictures.",
    )
    shortcut: Role = Field("told", title="No shortcut: role", description=_ROLE)
    surface_tolerance: Annotated[float, Field(ge=0.1, le=100)] = Field(
        SURFACE_TOLERANCE,
        title="Surfaces agree within, in mm",
        description="Of masks: how far two surfaces may lie apart and count as one (in pixels where there are no "
        "millimetres). Readers who outline one organ twice differ by 1 to 3 mm (doi 10.2196/26151).",
    )


#: What a plan says from now on where it names nothing else. Plans of before were declared without these questions: of
#: them they are told, and decide nothing.
DECLARED_NOW: Final[Mapping[str, Any]] = {"grounding": "where_marked", "outside": "guard", "shortcut": "guard"}


def plan_entries() -> list[dict[str, Any]]:
    """Return what each limit means and may be, with the default that a plan takes which is declared now."""
    return [{**one, "default": DECLARED_NOW.get(one["name"], one["default"])} for one in GatePlan.entries()]

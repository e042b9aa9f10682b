"""The limits of the gate, declared before a training: the change plan. Knows no numpy, so that any process reads it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from inference.engine.settings import Settings

Share = Annotated[float, Field(ge=0, le=1)]


class GatePlan(Settings):
    """The limits of the gate, declared before the training (the change plan).

    Args:
        margin: how much lower the main metric may truly be.
        benefit: "superior": the metric must be higher; "more_labels": 10 % more reviewed labels count as well.
        negative_flip_limit: share of decisions that were right and become wrong.
        calibration_margin: how much higher the calibration error may be.
        subgroup_margin: how much wider the gap between subgroups may become.
        smallest: positive and negative patients (or cases with a mask) a label needs to be judged.
        auc_floor: a first model's AUC must be above it.
        dice_floor: a first segmentation's Dice must be above it.
        ece_floor: a first model's calibration error must not be above it.

    Raises:
        ConfigError: a value is out of its range.
    """

    word: ClassVar[str] = "limit of the change plan"
    code: ClassVar[str] = "change_plan_wrong"
    unknown_code: ClassVar[str] = "change_plan_wrong"

    margin: Share = 0.05
    benefit: Literal["superior", "more_labels"] = "more_labels"
    negative_flip_limit: Share = 0.02
    calibration_margin: Share = 0.03
    subgroup_margin: Share = 0.10
    smallest: Annotated[int, Field(ge=2, le=10_000)] = 10
    auc_floor: Share = 0.5
    dice_floor: Share = 0.3
    ece_floor: Share = 0.15

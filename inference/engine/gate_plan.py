"""The limits of the gate, declared before a training: the change plan. Knows no numpy, so that any process reads it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from inference.engine.settings import Settings

Role = Literal["required", "guard", "told"]
Share = Annotated[float, Field(ge=0, le=1)]


class GatePlan(Settings):
    """The limits of the gate, declared before the training (the change plan).

    Args:
        margin: how much lower the main metric may truly be.
        sensitivity_margin: how much lower the sensitivity at the operating point may truly be.
        specificity_margin: how much lower the specificity at the operating point may truly be.
        benefit: "superior": the metric must be higher; "more_labels": 10 % more reviewed labels count as well.
        negative_flip_limit: share of decisions that were right and become wrong.
        calibration_margin: how much higher the calibration error may be.
        subgroup_margin: how much lower the sensitivity (or Dice) of a subgroup may truly be.
        labels: what the main metric of each label may do to the verdict: be "required", be a "guard" that refuses
            where harm is shown, or be "told" only.
        flips: the same of decisions that become wrong.
        calibration: the same of the calibration error; of a first model it is told unless required.
        subgroups: the same of the subgroups.
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
    sensitivity_margin: Share = 0.10
    specificity_margin: Share = 0.10
    benefit: Literal["superior", "more_labels"] = "more_labels"
    negative_flip_limit: Share = 0.02
    calibration_margin: Share = 0.03
    subgroup_margin: Share = 0.10
    labels: Role = "guard"
    flips: Role = "guard"
    calibration: Role = "guard"
    subgroups: Role = "guard"
    smallest: Annotated[int, Field(ge=2, le=10_000)] = 10
    auc_floor: Share = 0.5
    dice_floor: Share = 0.3
    ece_floor: Share = 0.15

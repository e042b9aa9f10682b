"""Where decisions are to lie between missing too much and alarming too often: an admin's choice, with a reason.

Kept with the family; a training takes the one that is in force when it is asked for, and the thresholds of the version
are chosen by it on validation cases.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from inference.engine.settings import Settings

Kind = Literal["balanced", "sensitivity", "specificity", "cost", "false_boxes"]


class OperatingPoint(Settings):
    """How the threshold of a decision is chosen.

    Args:
        kind: "balanced": the sum of sensitivity and specificity is highest (Youden's); "sensitivity" or
            "specificity": that is at least ``value``, and the other as high as it can be; "cost": a missed finding
            weighs as much as ``value`` false alarms; "false_boxes": of boxes, at most ``value`` false ones a case.
            Which of these a recipe knows, and what they mean for its answers, its grading says.
        value: a share (0…1), false alarms a miss or false boxes a case (above 0); null for "balanced".

    Raises:
        ConfigError: a value is missing or out of its range.
    """

    word: ClassVar[str] = "entry of the operating point"
    code: ClassVar[str] = "operating_point_wrong"
    unknown_code: ClassVar[str] = "operating_point_wrong"

    kind: Kind = "balanced"
    value: Annotated[float, Field(gt=0, le=10_000)] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.kind == "balanced") != (self.value is None):
            raise ValueError("value is given for every operating point but the balanced one")
        if self.kind in ("sensitivity", "specificity") and not 0 < (self.value or 0) <= 1:
            raise ValueError(f"value is a share above 0, at most 1, for {self.kind}")
        return self

    @property
    def sentence(self) -> str:
        """The choice in words."""
        if self.kind == "balanced":
            return "Sensitivity and specificity together as high as they can be."
        if self.kind == "false_boxes":
            return f"At most {self.value:g} false boxes a case, and as many true ones found as can then be."
        if self.kind == "cost":
            return f"A missed finding weighs as much as {self.value:g} false alarms."
        other = "specificity" if self.kind == "sensitivity" else "sensitivity"
        return (
            f"{self.kind.capitalize()} at least {100 * (self.value or 0):g} %, and {other} as high as it can then be."
        )


BALANCED = OperatingPoint()

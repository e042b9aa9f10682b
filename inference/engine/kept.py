"""What every kept figure is made of: frozen, nothing beside what is declared. Knows no numpy."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

Method = Literal["wilson", "delong", "score", "unseen_patient", "patient_bootstrap"]
Share = Annotated[float, Field(ge=0, le=1)]
#: How a test case that a report shows was chosen.
ExampleKind = Literal["worst", "median", "best", "healthy"]


class Kept(BaseModel):
    """Base of what is written once: frozen, nothing beside what is declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def kept(cls, value: object) -> Self | None:
        """Read what a row keeps; None for a row that keeps nothing."""
        return cls.model_validate(value) if value else None

    def to_json(self) -> dict[str, Any]:
        """Return it as the JSON values that ``kept`` reads."""
        return self.model_dump(mode="json", by_alias=True)


class Figure(Kept):
    """A number with its 95 % interval; the value is null where it cannot be computed.

    Resampling can only raise a calibration error, so the interval of an ECE may begin at or above its value.
    """

    value: float | None
    interval: tuple[float, float] | None
    method: Method


class CalibrationBin(Kept):
    """Cases whose probability lies in ``low``…``high``: what was stated, and what share is positive."""

    low: Share
    high: Share
    n: int
    mean_probability: Share
    observed: Share
    interval: tuple[float, float]

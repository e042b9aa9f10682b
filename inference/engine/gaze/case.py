"""What a model says of one test picture while regions of it are replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from inference.engine.gaze_report import RegionName

Json = dict[str, Any]
Logits = Mapping[str, float]


@dataclass(frozen=True)
class MarkedPlace:
    """What the label's logit is while the reader's mark is replaced, and while equal places elsewhere are.

    Args:
        painted_over: the mark is filled from its neighbourhood.
        elsewhere: equal places are, one after the other.
        swapped: the mark holds the pixels of another patient with the label, who has nothing marked there; None where
            there is no such patient.
        swapped_elsewhere: equal places hold that patient's pixels.
        at_edge: share of the mark that lies in border and corners.
    """

    painted_over: float
    elsewhere: tuple[float, ...]
    swapped: float | None
    swapped_elsewhere: tuple[float, ...]
    at_edge: float


@dataclass(frozen=True)
class GazeCase:
    """One test picture. All that is said are logits, by label.

    Args:
        case_id: as in the outputs.
        patient_key: pseudonym.
        truth: label → 1, 0 or None.
        groups: dimension → value.
        has_marker: letters or markers are burned in.
        outside_area: share of the picture that is outside the body.
        whole: of the picture as it is.
        without: region → while it is replaced; a region that the picture lacks says what the whole says, but for marks:
            then the place of another picture's marks is painted over, so that the trace tells nobody apart.
        alone: region → while all else is the mean of all pictures.
        places: label → the reader's mark.
    """

    case_id: str
    patient_key: str
    truth: Mapping[str, float | None]
    groups: Mapping[str, str]
    has_marker: bool
    outside_area: float
    whole: Logits
    without: Mapping[RegionName, Logits]
    alone: Mapping[RegionName, Logits]
    places: Mapping[str, MarkedPlace]

    def to_json(self) -> Json:
        """Return it as JSON values."""
        return {**asdict(self), "places": {key: asdict(one) for key, one in self.places.items()}}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read it back."""
        places = {
            key: MarkedPlace(
                **{**one, "elsewhere": tuple(one["elsewhere"]), "swapped_elsewhere": tuple(one["swapped_elsewhere"])}
            )
            for key, one in values["places"].items()
        }
        return cls(**{**values, "places": places})

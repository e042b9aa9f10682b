"""What an alignment is worth, in words. A person decides; this says what speaks for and against it. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from inference.engine.registration.measures import Numbers

Standing = Literal["aligned", "not_convincing", "wrong_patient"]

#: Where these lie and why: decision 0033.
FOLDED_MOST: Final = 0.001
INCONSISTENT_MOST_MM: Final = 3.0
COVERED_LEAST: Final = 0.3
LIKE_LEAST: Final = 0.65
ONE_PERSON_LEAST: Final = 0.65


@dataclass(frozen=True)
class Verdict:
    """What speaks for and against an alignment.

    Attributes:
        standing: aligned; not_convincing; wrong_patient: these may be two persons.
        reasons: sentences, with their numbers; those that decided.
    """

    standing: Standing
    reasons: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"standing": self.standing, "reasons": list(self.reasons)}


def verdict_of(numbers: Numbers, *, one_kind: bool) -> Verdict:
    """Say what an alignment is worth.

    Args:
        one_kind: both images are of one modality: only then does likeness tell persons apart.
    """
    against = _against(numbers, one_kind=one_kind)
    persons = _two_persons(numbers) if one_kind else []
    if persons:
        return Verdict("wrong_patient", (*persons, *against))
    if against:
        return Verdict("not_convincing", tuple(against))
    after = numbers.after.local_correlation
    return Verdict(
        "aligned",
        (
            f"Forth and back, 95 % of the places land within {numbers.inconsistency_mm_p95:.1f} mm of themselves.",
            f"Local likeness rose to {after:.2f} of 1.",
        ),
    )


def _against(numbers: Numbers, *, one_kind: bool) -> list[str]:
    found = []
    if numbers.folded_share > FOLDED_MOST:
        found.append(f"Space is folded at {100 * numbers.folded_share:.2f} % of the places.")
    if numbers.inconsistency_mm_p95 > INCONSISTENT_MOST_MM:
        found.append(
            f"Forth and back, one place in twenty lands more than {numbers.inconsistency_mm_p95:.1f} mm from itself."
        )
    if numbers.after.covered < COVERED_LEAST:
        found.append(f"Only {100 * numbers.after.covered:.0f} % of the body lies in the other series.")
    if one_kind and numbers.after.local_correlation < LIKE_LEAST:
        found.append(f"After the alignment the images are still unlike: {numbers.after.local_correlation:.2f} of 1.")
    return found


def _two_persons(numbers: Numbers) -> list[str]:
    if numbers.rigid.local_correlation >= ONE_PERSON_LEAST:
        return []
    return [
        "Laid onto one another without bending, the images are less alike "
        f"({numbers.rigid.local_correlation:.2f} of 1) than those of one person usually are."
    ]

"""Which validation cases choose what: the epoch, the calibration and the threshold each on patients of their own.

What was chosen on some cases looks better on them than it is. Where there are too few patients for three parts there
are two, or one, and a sentence says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.digest import sha256_hex
from inference.engine.sample import Sample

FEWEST: Final = 20
"""Cases of a state that each part holds, or the cases are not divided."""
_RARE: Final = 4  # of a state with fewer cases nothing is chosen anyway


@dataclass(frozen=True)
class Parts:
    """Places of the cases that choose epoch, calibration and threshold; and what was done, in words."""

    epoch: tuple[int, ...]
    calibration: tuple[int, ...]
    threshold: tuple[int, ...]
    sentence: str


def parts_of(samples: Sequence[Sample], labels: Sequence[str]) -> Parts:
    """Divide validation cases by patient; the same cases are always divided alike.

    Args:
        samples: of the validation split.
        labels: of the model.
    """
    every = tuple(range(len(samples)))
    for count in (3, 2):
        parts = _dealt(samples, labels, count)
        if all(_enough(samples, labels, part) for part in parts):
            return _named(parts)
    few = f"Fewer than {2 * FEWEST} validation cases of a state: " if samples else "Without validation cases "
    rest = "epoch, calibration and threshold were chosen on the same cases and look better there than they are."
    return Parts(every, every, every, few + rest if samples else few + "nothing was chosen.")


def _named(parts: Sequence[tuple[int, ...]]) -> Parts:
    sizes = [len(part) for part in parts]
    if len(parts) == 3:
        words = f"Epoch, calibration and threshold were chosen on different patients ({_listed(sizes)} cases)."
        return Parts(parts[0], parts[1], parts[2], words)
    words = (
        f"The epoch was chosen on {sizes[0]} cases, calibration and threshold on {sizes[1]} of other patients: "
        "the validation split is too small for three parts."
    )
    return Parts(parts[0], parts[1], parts[1], words)


def _listed(sizes: Sequence[int]) -> str:
    return f"{', '.join(map(str, sizes[:-1]))} and {sizes[-1]}"


def _dealt(samples: Sequence[Sample], labels: Sequence[str], count: int) -> list[tuple[int, ...]]:
    """Deal patients out like cards, those of whom the same is known one after the other."""
    known: dict[str, list[int]] = {}
    for index, sample in enumerate(samples):
        known.setdefault(sample.patient_key, []).append(index)

    def kind(patient: str) -> tuple[str, ...]:
        cases = [samples[index] for index in known[patient]]
        return tuple(str(max(str(case.present.get(label)) for case in cases)) for label in labels)

    order = sorted(known, key=lambda patient: (kind(patient), sha256_hex(patient.encode())))
    return [
        tuple(sorted(index for patient in order[start::count] for index in known[patient])) for start in range(count)
    ]


def _enough(samples: Sequence[Sample], labels: Sequence[str], part: Sequence[int]) -> bool:
    """Say whether a part holds enough cases of each state that is there often enough to choose anything by."""
    for label in labels:
        whole = Counter(sample.present.get(label) for sample in samples)
        inside = Counter(samples[index].present.get(label) for index in part)
        if any(inside[state] < FEWEST for state in (0.0, 1.0) if whole[state] >= _RARE):
            return False
    return bool(part)

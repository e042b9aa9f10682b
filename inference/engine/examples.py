"""Which test cases a report shows: the worst, one in the middle, the best, and what was painted on healthy ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from inference.engine.case_result import CaseResult
from inference.engine.kept import ExampleKind
from inference.engine.report import Example

WORST: Final = 3
HEALTHY: Final = 3


def examples_of(cases: Sequence[CaseResult], label: str) -> tuple[Example, ...]:
    """Choose the examples of a label: misses first, and of equal ones the largest; no case twice.

    Args:
        cases: of the test.
        label: to show.
    """
    scored = [(case.case_id, case.segmentation[label]) for case in cases if label in case.segmentation]
    there = sorted(
        (pair for pair in scored if pair[1].has_mask),
        key=lambda pair: (pair[1].dice or 0.0, -pair[1].volume_true, pair[0]),
    )
    healthy = sorted(
        (pair for pair in scored if not pair[1].has_mask and pair[1].painted),
        key=lambda pair: (-pair[1].volume_predicted, pair[0]),
    )
    chosen: dict[str, tuple[ExampleKind, int]] = {}
    if there:
        chosen[there[-1][0]] = ("best", len(there) - 1)
        chosen.setdefault(there[len(there) // 2][0], ("median", len(there) // 2))
        for rank, (case_id, _) in enumerate(there[:WORST]):
            chosen.setdefault(case_id, ("worst", rank))
    found = dict(scored)
    order: list[tuple[str, ExampleKind]] = [
        (case_id, kind) for case_id, (kind, rank) in sorted(chosen.items(), key=lambda one: one[1][1])
    ]
    order += [(case_id, "healthy") for case_id, _ in healthy[:HEALTHY]]
    return tuple(
        Example(
            shown_as=kind,
            case_id=case_id,
            missed=found[case_id].missed,
            dice=found[case_id].dice,
            hd95=found[case_id].hd95,
            volume_true=found[case_id].volume_true,
            volume_predicted=found[case_id].volume_predicted,
            unit=found[case_id].unit,
            extent_unit=found[case_id].extent_unit,
        )
        for case_id, kind in order
    )

"""How often somebody has looked at the same locked test cases, and what that does to the gate's promise."""

from __future__ import annotations

from collections.abc import Iterable

from inference.engine.unseen import EACH
from inference.models import EvaluationReport


def looks_of(reports: Iterable[EvaluationReport]) -> dict[object, int]:
    """Return for each report which look at its test cases it was, from 1, over all models and datasets.

    A report whose test cases are not known (its outputs were lost before they were counted) is left out.
    """
    wanted = {report.pk: report.test_digest for report in reports if report.test_digest}
    rows = EvaluationReport.objects.filter(test_digest__in=set(wanted.values())).order_by("created_at", "id")
    counted: dict[str, int] = {}
    found: dict[object, int] = {}
    for pk, digest in rows.values_list("pk", "test_digest"):
        counted[digest] = counted.get(digest, 0) + 1
        if pk in wanted:
            found[pk] = counted[digest]
    return found


def look_sentence(number: int | None) -> str:
    """Say which look it was, and what so many looks do to the promise."""
    if number is None:
        return ""
    if number == 1:
        return "First look at these test cases."
    let_through = 1 - (1 - EACH) ** number
    return (
        f"{_ordinal(number)} look at these test cases. Each look may let a version pass that is worse by the whole "
        f"margin, {100 * EACH:g} times in 100; of {number} such versions one would have passed with a chance of up to "
        f"{100 * let_through:.0f} %. And the best of several equal versions looks better than it is: blind readings "
        "of new patients make a fresh test split."
    )


def _ordinal(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"

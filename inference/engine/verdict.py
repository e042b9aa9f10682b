"""From intervals to answers: yes, no, or "cannot tell"; and from the answers of all criteria to the gate's verdict."""

from __future__ import annotations

from collections.abc import Sequence

from inference.engine.report import Criterion, Power, Verdict
from inference.engine.statistics import Interval


def at_least(interval: Interval | None, limit: float) -> bool | None:
    """Return True where the whole interval lies at or above the limit, False where below, None where it spans it."""
    if interval is None:
        return None
    return True if interval[0] >= limit else False if interval[1] < limit else None


def at_most(interval: Interval | None, limit: float) -> bool | None:
    """Return True where the whole interval lies at or below the limit, False where above, None where it spans it."""
    if interval is None:
        return None
    return True if interval[1] <= limit else False if interval[0] > limit else None


def verdict_of(criteria: Sequence[Criterion]) -> Verdict:
    """Return the verdict: refused by any shown harm, passed where all that is required is shown, else cannot tell.

    What is only told decides nothing.
    """
    deciding = [one for one in criteria if one.role != "told"]
    if any(one.passed is False for one in deciding):
        return "refused"
    return "passed" if all(one.passed is True for one in deciding if one.role == "required") else "cannot_tell"


def sentence_of(verdict: Verdict, criteria: Sequence[Criterion], power: Power) -> str:
    """Return the verdict in words, with what it rests on."""
    if verdict == "passed":
        said = "Passed."
        said += "" if any(one.role == "required" for one in criteria) else " The plan requires nothing here."
        open_ones = [one for one in criteria if one.passed is None]
        unsure = [one.title for one in open_ones if one.limit is not None]
        unjudged = [one.title for one in open_ones if one.limit is None]
        said += f" Cannot be told with these cases: {'; '.join(unsure)}." if unsure else ""
        return said + (f" Not judged: {'; '.join(unjudged)}." if unjudged else "")
    if verdict == "refused":
        shown = [one for one in criteria if one.role != "told" and one.passed is False]
        return "Refused. " + " ".join(f"{one.title}: {_begun(one.sentence)}" for one in shown)
    unsure = [one.title for one in criteria if one.role == "required" and one.passed is None]
    return f"Cannot tell. Not shown: {'; '.join(unsure)}. {power.sentence}"


def _begun(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]

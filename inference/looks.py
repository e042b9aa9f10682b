"""How often somebody has looked at the same locked test cases, and what that does to the gate's promise.

A test split that grew by a patient is still the one that was looked at: every earlier report that shares a test case
counts, whichever model it was of and whichever dataset held the case.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from annotations.models import DatasetSnapshot
from annotations.selectors.snapshots import snapshot_cases
from core import blobs
from core.digest import canonical_json
from core.errors import NotFound
from core.numbers import how_many
from inference.engine.unseen import EACH
from inference.models import EvaluationReport


@dataclass(frozen=True)
class Look:
    """Which look at some test cases it is.

    Args:
        number: from 1.
        parts: earlier looks that shared only a part of the cases.
        most: how many cases of this test the largest of those parts held.
        cases: of this test.
    """

    number: int
    parts: int
    most: int
    cases: int

    @property
    def sentence(self) -> str:
        """Which look it is, and what so many looks do to the promise."""
        if self.number == 1:
            return "First look at these test cases."
        let_through = 1 - (1 - EACH) ** self.number
        return (
            f"{_ordinal(self.number)} look at these test cases{self._shared}. Each look may let a version pass that is "
            f"worse by the whole margin, {100 * EACH:g} times in 100; of {self.number} such versions one would have "
            f"passed with a chance of up to {100 * let_through:.0f} %. And the best of several equal versions looks "
            "better than it is: blind readings of new patients make a fresh test split."
        )

    @property
    def _shared(self) -> str:
        if not self.parts:
            return ""
        whole = self.number - 1 - self.parts
        most = f"{self.most} of {self.cases}" + (" at most" if self.parts > 1 else "")
        of_all = f"{_reports(whole)} looked at all of them, " if whole else ""
        of_part = f"{self.parts} at a part" if whole else f"{_reports(self.parts)} looked at a part of them"
        return f" ({of_all}{of_part}: {most})"


def judged_cases_keep(case_ids: Iterable[str]) -> str:
    """Keep which cases a test had; returns the digest by which the same test is known."""
    return blobs.put(canonical_json(sorted(case_ids)))


def looks_of(reports: Iterable[EvaluationReport]) -> Mapping[object, Look]:
    """Return for each report which look at its test cases it was, over all models and datasets.

    A report whose test cases are not known (its outputs were lost before they were counted) is left out.
    """
    wanted = {report.pk for report in reports if report.test_digest}
    if not wanted:
        return {}
    rows = EvaluationReport.objects.exclude(test_digest="").order_by("created_at", "id")
    earlier: Counter[tuple[str, str]] = Counter()
    outputs: dict[str, str] = {}
    found: dict[object, Look] = {}
    for pk, digest, outputs_digest in rows.values_list("pk", "test_digest", "outputs_digest"):
        outputs.setdefault(digest, outputs_digest)
        test = digest, outputs[digest]
        if pk in wanted:
            found[pk] = _look(_cases(*test), earlier)
            if len(found) == len(wanted):
                break
        earlier[test] += 1
    return found


def next_look(snapshot: DatasetSnapshot) -> Look:
    """Return which look at the test cases of a dataset the next report on them will be."""
    earlier: Counter[tuple[str, str]] = Counter()
    outputs: dict[str, str] = {}
    rows = EvaluationReport.objects.exclude(test_digest="").values_list("test_digest", "outputs_digest")
    for digest, outputs_digest in rows:
        earlier[digest, outputs.setdefault(digest, outputs_digest)] += 1
    frames, series = _test_split(snapshot)
    flat, deep = (_look(cases, earlier) for cases in (frames, series))
    return max((flat, deep), key=lambda look: look.number)


def _look(cases: frozenset[str], earlier: Mapping[tuple[str, str], int]) -> Look:
    whole = parts = most = 0
    for test, count in earlier.items():
        shared = len(cases & _cases(*test))
        if shared and shared == len(cases):
            whole += count
        elif shared:
            parts += count
            most = max(most, shared)
    return Look(1 + whole + parts, parts, most, len(cases))


@lru_cache(maxsize=1024)
def _cases(digest: str, outputs_digest: str) -> frozenset[str]:
    """Return the cases of a test; of reports of before they stand with the outputs only."""
    try:
        return frozenset(json.loads(blobs.get(digest)))
    except NotFound:
        pass
    try:
        outputs = json.loads(zlib.decompress(blobs.get(outputs_digest)))
        return frozenset(case["case_id"] for case in outputs["version"])
    except (NotFound, zlib.error, ValueError, KeyError, TypeError):
        return frozenset({digest})  # gone or damaged: known as a whole, and no more


def _test_split(snapshot: DatasetSnapshot) -> tuple[frozenset[str], frozenset[str]]:
    """Return how a report names the test cases of a dataset: as single images, and as series."""
    cases = [case for case in snapshot_cases(snapshot) if case.split == "test"]
    frames = frozenset(f"{case.sop_instance_uid}/{case.frame_number}" for case in cases)
    return frames, frozenset(case.series_instance_uid for case in cases)


def _reports(count: int) -> str:
    return how_many(count, "earlier report", "earlier reports")


def _ordinal(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"

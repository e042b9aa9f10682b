"""How often somebody has looked at the same locked test cases, and what that does to the gate's promise.

A test split that grew by a patient is still the one that was looked at: every earlier report that shares an image of a
test case counts, whichever model it was of and whichever dataset held it. A model of single images names its cases by
image, a model of volumes by series; what both have seen are the images behind them.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from annotations.models import DatasetSnapshot
from annotations.selectors.snapshots import manifest_cases
from core import blobs
from core.digest import canonical_json
from core.errors import NotFound
from core.numbers import how_many
from inference.engine.unseen import EACH
from inference.models import EvaluationReport

_NAMES_OF_A_TEST: Final = ("pk", "test_digest", "outputs_digest", "snapshot__manifest_digest")


@dataclass(frozen=True)
class Look:
    """Which look at some test cases it is.

    Args:
        number: from 1.
        parts: earlier looks that shared images of only a part of the cases.
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


@dataclass(frozen=True)
class _Test:
    """The test cases of a report: their names, and the manifest that says which images are behind them.

    Args:
        digest: of the names.
        outputs_digest: holds the names too, in reports of before they were kept.
        manifest_digest: of the dataset.
    """

    digest: str
    outputs_digest: str
    manifest_digest: str


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
    earlier: Counter[_Test] = Counter()
    outputs: dict[str, str] = {}
    found: dict[object, Look] = {}
    for pk, digest, outputs_digest, manifest in rows.values_list(*_NAMES_OF_A_TEST):
        test = _Test(digest, outputs.setdefault(digest, outputs_digest), manifest)
        if pk in wanted:
            found[pk] = _look(_cases(digest, test.outputs_digest), manifest, earlier)
            if len(found) == len(wanted):
                break
        earlier[test] += 1
    return found


def next_look(snapshot: DatasetSnapshot, *, dimensions: int) -> Look:
    """Return which look at the test cases of a dataset the next report on them will be.

    Args:
        dimensions: of the models that are judged: with 3 a series is one case.
    """
    earlier: Counter[_Test] = Counter()
    outputs: dict[str, str] = {}
    rows = EvaluationReport.objects.exclude(test_digest="")
    for _, digest, outputs_digest, manifest in rows.values_list(*_NAMES_OF_A_TEST):
        earlier[_Test(digest, outputs.setdefault(digest, outputs_digest), manifest)] += 1
    held = _test_split(snapshot.manifest_digest)
    cases = frozenset(held) if dimensions == 3 else frozenset[str]().union(*held.values())
    return _look(cases, snapshot.manifest_digest, earlier)


def _look(cases: frozenset[str], manifest_digest: str, earlier: Mapping[_Test, int]) -> Look:
    whole = parts = most = 0
    images = [_images(name, manifest_digest) for name in cases] if earlier else []
    for test, count in earlier.items():
        seen = _seen(test)
        shared = sum(not one.isdisjoint(seen) for one in images)
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


@lru_cache(maxsize=1024)
def _seen(test: _Test) -> frozenset[str]:
    """Return all that was looked at by a test."""
    names = _cases(test.digest, test.outputs_digest)
    return names.union(*(_images(name, test.manifest_digest) for name in names if _is_series(name)))


def _images(name: str, manifest_digest: str) -> frozenset[str]:
    """Return what is looked at with a case: its own name, and of a series all images that were frozen of it."""
    images = _test_split(manifest_digest).get(name) if _is_series(name) else None
    return frozenset({name}) | (images or frozenset())


def _is_series(name: str) -> bool:
    """Say whether a case is named by its series; a single image is named with its frame."""
    return "/" not in name


@lru_cache(maxsize=64)
def _test_split(manifest_digest: str) -> Mapping[str, frozenset[str]]:
    """Return the images of each series in the test split of a dataset; none where its manifest is gone."""
    found: dict[str, set[str]] = defaultdict(set)
    try:
        cases = manifest_cases(manifest_digest)
    except NotFound:
        return {}
    for case in cases:
        if case.split == "test":
            found[case.series_instance_uid].add(f"{case.sop_instance_uid}/{case.frame_number}")
    return {series: frozenset(images) for series, images in found.items()}


def _reports(count: int) -> str:
    return how_many(count, "earlier report", "earlier reports")


def _ordinal(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"

"""How far people agree who read the same case, each without the other's answer."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from math import sqrt
from typing import TYPE_CHECKING, Any, Final

from annotations.models import Finding, Reading

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from core.models import Project

Json = dict[str, Any]
_CHUNK: Final = 500
#: Of the standard normal distribution, for 95 %.
_Z: Final = 1.959964


def agreement_of(project: Project, studies: set[str], label_keys: list[str]) -> Json:
    """Return, per label, how two readers of one case answered: ``{pairs, both_present, both_absent, …, kappa}``.

    A pair is two people's readings of one case, both handed in; each answer is the image label that stands in that
    reading. Who only judged another's reading saw it, and is no second reader.

    Args:
        studies: of the dataset, by Study Instance UID.
    """
    answers = _answers(project, studies, label_keys)
    return {key: kappa_of(_pairs(answers, key)) for key in label_keys}


def _answers(project: Project, studies: set[str], label_keys: list[str]) -> dict[UUID, dict[str, dict[UUID, bool]]]:
    """Return ``{work item: {label: {reader: present}}}`` of all readings that were handed in."""
    found: dict[UUID, dict[str, dict[UUID, bool]]] = defaultdict(lambda: defaultdict(dict))
    ordered = sorted(studies)
    for start in range(0, len(ordered), _CHUNK):
        rows = Finding.objects.filter(
            workitem__project=project, workitem__study__study_instance_uid__in=ordered[start : start + _CHUNK],
            kind=Finding.Kind.IMAGE_LABEL, deleted=False, head__isnull=False,
            reading__in=Reading.objects.filter(submitted_at__isnull=False),
        ).select_related("reading", "head").order_by("created_at")  # fmt: skip
        for row in rows:
            if row.reading and row.head and row.head.content["label_key"] in label_keys:
                said = found[row.workitem_id][row.head.content["label_key"]]
                said[row.reading.reader_id] = row.head.content["present"] is not False
    return found


def _pairs(answers: dict[UUID, dict[str, dict[UUID, bool]]], key: str) -> list[tuple[bool, bool]]:
    return [pair for said in answers.values() for pair in combinations(said.get(key, {}).values(), 2)]


def kappa_of(pairs: Iterable[tuple[bool, bool]]) -> Json:
    """Return Cohen's kappa of pairs of answers with an interval that holds on few pairs.

    The interval is Wilson's of the observed agreement, carried over to kappa with the chance agreement as found
    (Cohen 1960; Wilson 1927): unlike the usual one it has a width where all agree.
    """
    pairs = list(pairs)
    both, neither = sum(a and b for a, b in pairs), sum(not a and not b for a, b in pairs)
    n = len(pairs)
    facts: Json = {
        "pairs": n, "both_present": both, "both_absent": neither, "differ": n - both - neither,
        "kappa": None, "low": None, "high": None,
    }  # fmt: skip
    if n == 0:
        return facts
    first, second = sum(a for a, _ in pairs) / n, sum(b for _, b in pairs) / n
    chance, seen = first * second + (1 - first) * (1 - second), (both + neither) / n
    if chance == 1:
        return facts  # everybody always said the same one thing: kappa says nothing
    low, high = _wilson(seen, n)
    kappa, low, high = ((share - chance) / (1 - chance) for share in (seen, low, high))
    return facts | {"kappa": round(kappa, 4), "low": round(max(-1.0, low), 4), "high": round(min(1.0, high), 4)}


def _wilson(share: float, n: int) -> tuple[float, float]:
    middle = share + _Z**2 / (2 * n)
    spread = _Z * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return (middle - spread) / (1 + _Z**2 / n), (middle + spread) / (1 + _Z**2 / n)

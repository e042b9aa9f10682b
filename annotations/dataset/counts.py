"""What a dataset holds, in figures, and what it lacks, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from annotations.dataset.questions import QUESTIONS
from annotations.dataset.split import SPLITS

Json = dict[str, Any]


def counts_of(
    rows: list[Json],
    label_keys: list[str],
    left_out: dict[str, int] | None = None,
    *,
    unsettled: dict[str, Counter[str]] | None = None,
    gap: Json | None = None,
    grown: int = 0,
) -> Json:
    """Return cases, patients and label states by split, class balance, provenance, and what was left out.

    Args:
        unsettled: per reason and label, how many answers are not taught or may not test.
        gap: of ``gap_of``.
        grown: how many cases have grown since they were read.
    """
    splits = {split: [row for row in rows if row["split"] == split] for split in SPLITS}
    return {
        **_count(rows, label_keys),
        "splits": {split: _count(members, label_keys) for split, members in splits.items()},
        "provenance": dict(sorted(Counter(row["provenance"] for row in rows).items())),
        "left_out": dict(sorted((left_out or {}).items())),
        "unsettled": {why: dict(sorted(found.items())) for why, found in sorted((unsettled or {}).items())},
        "gap": gap or {"labels": {}, "waiting": 0},
        "grown_since_read": grown,
    }


def gap_of(lacking: Mapping[tuple[str, str], Collection[Any]], waiting: int) -> Json:
    """Return what readings would bring more into the locked test.

    Returns:
        ``labels``: per label and reason, how many cases of test patients only lack a blind reading or a decision;
        ``waiting``: how many cases of test patients are not signed off.
    """
    labels: dict[str, dict[str, int]] = {}
    for (key, why), cases in sorted(lacking.items()):
        labels.setdefault(key, {})[why] = len(cases)
    return {"labels": labels, "waiting": waiting}


def _count(rows: list[Json], label_keys: list[str]) -> Json:
    labels: Json = {}
    for key in label_keys:
        states = Counter(row["labels"][key] for row in rows)
        known = states[1] + states[0]
        labels[key] = {
            "positive": states[1],
            "negative": states[0],
            "unknown": states[None],
            "positive_patients": len({row["patient_key"] for row in rows if row["labels"][key] == 1}),
            "negative_patients": len({row["patient_key"] for row in rows if row["labels"][key] == 0}),
            "share_positive": round(states[1] / known, 4) if known else None,
        }
    return {
        "cases": len(rows),
        "series": len({row["series_instance_uid"] for row in rows}),
        "patients": len({row["patient_key"] for row in rows}),
        "labels": labels,
    }


def missing_of(counts: Json, question: str) -> list[str]:
    """Return a sentence for each split or class that is empty; an empty list when the dataset can be used."""
    result: list[str] = []
    for split in SPLITS:
        found = counts["splits"][split]
        if not found["cases"]:
            result.append(f"The {split} split has no case: sign off studies of more patients.")
            continue
        for key, states in found["labels"].items():
            if not states["positive"]:
                result.append(f"The {split} split has no case with '{key}' present.")
            if not states["negative"] and QUESTIONS[question].needs_absence:
                result.append(f"The {split} split has no case with '{key}' absent.")
    return result

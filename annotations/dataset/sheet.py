"""The datasheet of a frozen dataset: what it holds, from whom, what was left out and why, by which rules."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from annotations.dataset import teaching
from annotations.dataset.read_twice import agreement_of
from annotations.dataset.split import SPLITS
from core.errors import NotFound
from imaging.dicom import looks, pixels
from imaging.models import Instance
from imaging.selectors import instance_header

if TYPE_CHECKING:
    from collections.abc import Iterable

    from annotations.dataset.rows import Rows
    from core.models import Project

Json = dict[str, Any]
#: Raise it when the sheet says other things, or in another shape.
VERSION: Final = 3
_INSTITUTION: Final = "00080080"
_GROUPS: Final = ("sex", "age_band", "view", "scanner", "site")


def datasheet_of(built: Rows, counts: Json, *, project: Project, question: str, label_keys: list[str]) -> Json:
    """Return the datasheet, plain JSON without names or Patient IDs; written once, with the dataset.

    ``subgroups`` are ``{group: {value: {split: counts}}}``, ``provenance`` ``{label: {split: {provenance: answers}}}``,
    ``weights`` the sum of what the answers weigh in the loss, by label and split.
    """
    rows = built.rows
    sites = _sites({row["series_instance_uid"] for row in rows})
    return {
        "version": VERSION,
        "question": question,
        "label_keys": label_keys,
        "counts": counts,
        "subgroups": {name: _subgroups(rows, name, label_keys, sites) for name in _GROUPS},
        "provenance": {key: _by_split(rows, key, "label_provenance") for key in label_keys},
        "weights": {key: _weights(rows, key) for key in label_keys},
        "unsettled": {why: dict(sorted(found.items())) for why, found in sorted(built.unsettled.items())},
        "agreement": agreement_of(project, {row["study_instance_uid"] for row in rows}, label_keys),
        "rules": {
            "teaching": teaching.REVISION,
            "pixels": pixels.REVISION,
            "looks": looks.REVISION,
            "near_bits": looks.NEAR,
            "software": str(settings.VERSION),
        },
        **built.facts,
    }


def _sites(series: Iterable[str]) -> dict[str, str]:
    """Return the institution that each series names in its header; ``unknown`` where it names none."""
    found: dict[str, str] = {}
    images = Instance.objects.filter(series__series_instance_uid__in=list(series)).select_related("series")
    for image in images.order_by("sop_instance_uid").iterator(chunk_size=500):
        uid = image.series.series_instance_uid
        if uid not in found:
            found[uid] = _institution(image)
    return found


def _institution(image: Instance) -> str:
    try:
        value = instance_header(image).get(_INSTITUTION, {}).get("Value") or [""]
    except NotFound:
        value = [""]
    return str(value[0]).strip() or "unknown"


def _subgroups(rows: list[Json], name: str, label_keys: list[str], sites: dict[str, str]) -> Json:
    groups: dict[str, dict[str, list[Json]]] = defaultdict(lambda: {split: [] for split in SPLITS})
    for row in rows:
        value = sites[row["series_instance_uid"]] if name == "site" else row["groups"][name]
        groups[value][row["split"]].append(row)
    return {
        value: {split: _figures(members, label_keys) for split, members in by_split.items()}
        for value, by_split in sorted(groups.items())
    }


def _figures(rows: list[Json], label_keys: list[str]) -> Json:
    states = {key: Counter(row["labels"][key] for row in rows) for key in label_keys}
    return {
        "cases": len(rows),
        "patients": len({row["patient_key"] for row in rows}),
        "labels": {key: {"positive": found[1], "negative": found[0]} for key, found in states.items()},
    }


def _by_split(rows: list[Json], key: str, field: str) -> Json:
    found = {split: Counter[str]() for split in SPLITS}
    for row in rows:
        if key in row[field]:
            found[row["split"]][row[field][key]] += 1
    return {split: dict(sorted(names.items())) for split, names in found.items()}


def _weights(rows: list[Json], key: str) -> Json:
    return {
        split: round(sum(row["label_weights"].get(key, 0.0) for row in rows if row["split"] == split), 4)
        for split in SPLITS
    }

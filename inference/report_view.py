"""A stored report as a reading page wants it: the engine's figures, with subgroups as rows and short names beside."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
_SHORT = {"true_positive": "tp", "false_positive": "fp", "true_negative": "tn", "false_negative": "fn"}


def report_view(report: Json) -> Json:
    """Return a report of ``inference.engine.evaluate`` with, added to what is stored:

    ``subgroups`` (a row for each group, value and label), and in each label ``dice``, the confusion's short names,
    ``fpr`` and ``tpr`` of the ROC's points, and ``stated`` of the calibration's bins. An empty report stays empty.
    """
    if not report:
        return {}
    labels = {key: _label_view(entry) for key, entry in report.get("labels", {}).items()}
    return {**report, "labels": labels, "subgroups": _rows(report.get("groups", {}))}


def _label_view(entry: Json) -> Json:
    confusion = entry.get("confusion") or {}
    roc = [
        {**point, "fpr": point.get("false_positive_rate"), "tpr": point.get("true_positive_rate")}
        for point in entry.get("roc") or []
    ]
    calibration = [{**one, "stated": one.get("mean_probability")} for one in entry.get("calibration") or []]
    return {
        **entry,
        "confusion": {**confusion, **{short: confusion.get(name, 0) for name, short in _SHORT.items()}},
        "roc": roc,
        "calibration": calibration,
        "dice": (entry.get("segmentation") or {}).get("dice"),
    }


def _rows(groups: Json) -> list[Json]:
    return [
        {"group": group, "value": value, "label": key, **figures, "few": figures.get("too_few", False)}
        for group, values in groups.items()
        for value, members in values.items()
        for key, figures in members.get("labels", {}).items()
    ]

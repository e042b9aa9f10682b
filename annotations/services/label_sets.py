"""Whole label sets: imported from a file, copied from another project. All of a set comes in, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotations.exchange.label_sets import PALETTE, LabelRow, label_set_wrong
from annotations.models import Label
from annotations.services.projects import label_create
from core.models import Project, User

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class LabelSetOutcome:
    """What an import did: the keys that are new, and those that were there already, just so."""

    added: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


def label_row(label: Label) -> LabelRow:
    """Return a stored label as a row of a set."""
    return LabelRow.model_construct(
        key=label.key,
        code_meaning=label.code_meaning,
        code_value=label.code_value,
        coding_scheme_designator=label.coding_scheme_designator,
        uses=tuple(label.uses),
        color=label.color,
    )


def _same(label: Label, row: LabelRow) -> bool:
    """Say whether the stored label means and is used for the same; without a colour in the row any colour is."""
    there = label_row(label)
    here = row.model_copy(update={"color": row.color or there.color})
    return there.model_dump() | {"uses": set(there.uses)} == here.model_dump() | {"uses": set(here.uses)}


def label_set_import(*, project: Project, rows: Sequence[tuple[int, LabelRow]], by: User) -> LabelSetOutcome:
    """Add every label of a set, in its order, after those the project has.

    Args:
        rows: ``(line, label)`` pairs; the line is only said where something is wrong.

    Raises:
        Invalid: a key is taken by another meaning, use or colour (``label_set_wrong``); nothing was added.
    """
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        known = {label.key: label for label in Label.objects.filter(project=project)}
        wrong: list[dict[str, Any]] = [
            {
                "line": line,
                "column": "key",
                "message": f"The project has a label {row.key} that says something else. Choose another key.",
            }
            for line, row in rows
            if row.key in known and not _same(known[row.key], row)
        ]
        if wrong:
            raise label_set_wrong(wrong)
        outcome = LabelSetOutcome(unchanged=[row.key for _, row in rows if row.key in known])
        position = max((label.position for label in known.values()), default=-1)
        taken = {label.color for label in known.values()} | {row.color for _, row in rows}
        free = [color for color in PALETTE if color not in taken] or list(PALETTE)
        for _, row in rows:
            if row.key in known:
                continue
            fields = row.model_dump() | {"uses": list(row.uses), "color": row.color or free.pop(0)}
            free = free or list(PALETTE)
            position += 1
            label_create(project=project, by=by, position=position, **fields)
            outcome.added.append(row.key)
    return outcome


def label_set_copy(*, project: Project, source: Project, by: User) -> LabelSetOutcome:
    """Copy the labels of another project that are not retired; raises Invalid as ``label_set_import`` does."""
    labels = Label.objects.filter(project=source, retired_at=None).order_by("position", "key")
    rows = [(place, label_row(label)) for place, label in enumerate(labels, start=1)]
    return label_set_import(project=project, rows=rows, by=by)

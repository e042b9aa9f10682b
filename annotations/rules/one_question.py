"""Cases that ask the same of the same images: one study in several projects that share a label.

Who was sent what a model, or somebody else, said in one of them reads none of the others blind.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from annotations.models import Label, Workitem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID


def cases_alike(workitems: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    """Return for each work item those of its study whose project asks a label of its project's too; itself among them.

    Labels are the same by their key or by their code.
    """
    wanted = list(workitems)
    found = {pk: {pk} for pk in wanted}
    rows = Workitem.objects.filter(pk__in=wanted).values_list("study", flat=True)
    by_study: dict[UUID, dict[UUID, UUID]] = defaultdict(dict)
    for case in Workitem.objects.filter(study__in=rows).only("study_id", "project_id"):
        by_study[case.study_id][case.pk] = case.project_id
    several = [cases for cases in by_study.values() if len(cases) > 1]
    asked = _asked_by({project for cases in several for project in cases.values()})
    for cases in several:
        for pk in cases.keys() & found.keys():
            found[pk] |= {other for other, project in cases.items() if asked[cases[pk]] & asked[project]}
    return found


def _asked_by(projects: set[UUID]) -> dict[UUID, set[tuple[str, ...]]]:
    """Return what each project asks: the keys of its labels, and their codes."""
    asked: dict[UUID, set[tuple[str, ...]]] = defaultdict(set)
    for label in Label.objects.filter(project__in=projects):
        asked[label.project_id] |= {(label.key,), (label.coding_scheme_designator, label.code_value)}
    return asked

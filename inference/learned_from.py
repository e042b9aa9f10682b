"""Which datasets, versions and reports learned from somebody: who is withdrawn is taken out of none of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from annotations.dataset.manifests import manifest_index
from annotations.dataset.withheld import person_pseudonym, studies_withdrawn
from annotations.models import DatasetSnapshot, Finding, Review, Withdrawal, Workitem
from inference.models import EvaluationReport, ModelVersion

if TYPE_CHECKING:
    from annotations.dataset.sides import Sides

Json = dict[str, Any]


@dataclass
class Traces:
    """What learned from a withdrawn patient or reader, or was measured on them.

    Attributes:
        images: of them in each dataset, by split.
    """

    snapshots: list[DatasetSnapshot] = field(default_factory=list)
    images: dict[str, dict[str, int]] = field(default_factory=dict)
    versions: list[ModelVersion] = field(default_factory=list)
    reports: list[EvaluationReport] = field(default_factory=list)


def traces_of(withdrawal: Withdrawal, sides: Sides) -> Traces:
    """Return the datasets that hold images of a withdrawn patient, or of cases in which a withdrawn reader had a hand.

    With the versions that were trained on them, and the reports made of either. Manifests are read, not today's rows;
    those that were frozen before they named their readers are searched by the cases the reader had a hand in.
    """
    found = Traces()
    rows = DatasetSnapshot.objects.select_related("project").order_by("-created_at")
    studies = studies_withdrawn(withdrawal, sides)
    worked = _studies_of_reader(withdrawal)
    pseudonym = person_pseudonym(withdrawal.reader_id) if withdrawal.reader_id else None
    for snapshot in rows:
        counts: dict[str, int] = {}
        for row in manifest_index(snapshot.manifest_digest):
            theirs = (
                row.study_instance_uid in studies
                or (pseudonym is not None and row.read_by is not None and pseudonym in row.read_by)
                or (row.read_by is None and row.study_instance_uid in worked)
            )
            if theirs:
                counts[row.split] = counts.get(row.split, 0) + 1
        if counts:
            found.snapshots.append(snapshot)
            found.images[str(snapshot.pk)] = counts
    found.versions = list(
        ModelVersion.objects.filter(training_run__snapshot__in=found.snapshots)
        .select_related("family__project", "training_run__snapshot")
        .order_by("family", "number")
    )
    reports = EvaluationReport.objects.filter(snapshot__in=found.snapshots) | EvaluationReport.objects.filter(
        version__in=found.versions
    )
    found.reports = list(reports.distinct().select_related("version__family").order_by("-created_at"))
    return found


def _studies_of_reader(withdrawal: Withdrawal) -> set[str]:
    reader = withdrawal.reader_id
    if reader is None:
        return set()
    drawn = Finding.objects.filter(head__author=reader).values("workitem")
    judged = Review.objects.filter(reviewer=reader).values("finding__workitem")
    rows = Workitem.objects.filter(readings__reader=reader) | Workitem.objects.filter(reviewer=reader)
    rows = rows | Workitem.objects.filter(pk__in=drawn) | Workitem.objects.filter(pk__in=judged)
    return set(rows.values_list("study__study_instance_uid", flat=True))

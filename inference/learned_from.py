"""Which datasets, versions and reports learned from somebody: who is withdrawn is taken out of none of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from annotations.dataset.manifests import Taught, manifest_index
from annotations.dataset.sides import sides_of_archive
from annotations.dataset.withheld import person_pseudonym, standing_withdrawals, studies_withdrawn
from annotations.models import DatasetSnapshot, Finding, Review, Withdrawal, Workitem
from inference.models import EvaluationReport, ModelVersion

if TYPE_CHECKING:
    from uuid import UUID

    from annotations.dataset.sides import Sides

Json = dict[str, Any]


@dataclass
class Traces:
    """What learned from a withdrawn patient or reader, or was measured on them.

    Attributes:
        images: of them in each dataset, by split.
        versions: trained on such a dataset, or begun with the weights of one that was.
        without: of the same families, trained after the withdrawal on none of it.
    """

    snapshots: list[DatasetSnapshot] = field(default_factory=list)
    images: dict[str, dict[str, int]] = field(default_factory=dict)
    versions: list[ModelVersion] = field(default_factory=list)
    without: list[ModelVersion] = field(default_factory=list)
    reports: list[EvaluationReport] = field(default_factory=list)


@dataclass
class _Theirs:
    """What of the archive is a withdrawn patient's, or a withdrawn reader's work."""

    studies: set[str]
    worked: set[str]
    pseudonym: str | None

    @classmethod
    def of(cls, withdrawal: Withdrawal, sides: Sides) -> Self:
        reader = withdrawal.reader_id
        pseudonym = person_pseudonym(reader) if reader else None
        return cls(studies_withdrawn(withdrawal, sides), _studies_of_reader(withdrawal), pseudonym)

    def images_in(self, snapshot: DatasetSnapshot) -> dict[str, int]:
        """Return how many images of a dataset are theirs, by split."""
        return dict(Counter(row.split for row in manifest_index(snapshot.manifest_digest) if self._holds(row)))

    def _holds(self, row: Taught) -> bool:
        if row.study_instance_uid in self.studies:
            return True
        return row.study_instance_uid in self.worked if row.read_by is None else self.pseudonym in row.read_by


def traces_of(withdrawal: Withdrawal, sides: Sides) -> Traces:
    """Return the datasets that hold images of a withdrawn patient, or of cases in which a withdrawn reader had a hand.

    With the versions that were trained on them or began with the weights of such a one, and the reports made of either.
    Manifests are read, not today's rows; those that were frozen before they named their readers are searched by the
    cases the reader had a hand in.
    """
    found, theirs = Traces(), _Theirs.of(withdrawal, sides)
    for snapshot in DatasetSnapshot.objects.select_related("project").order_by("-created_at"):
        if counts := theirs.images_in(snapshot):
            found.snapshots.append(snapshot)
            found.images[str(snapshot.pk)] = counts
    trained = ModelVersion.objects.filter(training_run__isnull=False).order_by("family", "number")
    learned = _with_heirs(set(trained.filter(training_run__snapshot__in=found.snapshots).values_list("pk", flat=True)))
    rows_of = trained.select_related("family__project", "training_run__snapshot", "training_run__parent")
    found.versions = list(rows_of.filter(pk__in=learned))
    later = rows_of.filter(
        family__in={one.family_id for one in found.versions},
        training_run__snapshot__created_at__gt=withdrawal.created_at,
    )
    found.without = list(later.exclude(pk__in=learned))
    reports = EvaluationReport.objects.filter(snapshot__in=found.snapshots) | EvaluationReport.objects.filter(
        version__in=found.versions
    )
    found.reports = list(reports.distinct().select_related("version__family").order_by("-created_at"))
    return found


def withdrawn_sentence(version: ModelVersion) -> str:
    """Say whether a version, or one whose weights it began with, learned from somebody withdrawn; else nothing."""
    withdrawals = standing_withdrawals()
    if not withdrawals:
        return ""
    sides, line = sides_of_archive(), _line_of(version)
    for withdrawal in withdrawals:
        theirs = _Theirs.of(withdrawal, sides)
        if any(theirs.images_in(snapshot) for snapshot in line):
            who = "a reader whose work was" if withdrawal.reader_id else "a patient who was"
            return (
                f"Version {version.number} learned from {who} withdrawn from teaching. What starts from it carries "
                "that on, whatever snapshot it learns from."
            )
    return ""


def _line_of(version: ModelVersion) -> list[DatasetSnapshot]:
    """Return what a version was trained on, and what each was whose weights it began with."""
    line: list[DatasetSnapshot] = []
    run = version.training_run
    while run is not None:
        line.append(run.snapshot)
        run = run.parent.training_run if run.parent else None
    return line


def _with_heirs(learned: set[UUID]) -> set[UUID]:
    """Return these versions and all that began with the weights of one of them, or of such a one."""
    heirs = set(ModelVersion.objects.filter(training_run__parent__in=learned).values_list("pk", flat=True))
    return learned if heirs <= learned else _with_heirs(learned | heirs)


def _studies_of_reader(withdrawal: Withdrawal) -> set[str]:
    reader = withdrawal.reader_id
    if reader is None:
        return set()
    drawn = Finding.objects.filter(head__author=reader).values("workitem")
    judged = Review.objects.filter(reviewer=reader).values("finding__workitem")
    rows = Workitem.objects.filter(readings__reader=reader) | Workitem.objects.filter(reviewer=reader)
    rows = rows | Workitem.objects.filter(pk__in=drawn) | Workitem.objects.filter(pk__in=judged)
    return set(rows.values_list("study__study_instance_uid", flat=True))

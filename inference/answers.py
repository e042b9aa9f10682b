"""What the live models say of a case, and what became of asking: one answer per version and series with pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q

from annotations.models import ReadingProtocol, Workitem
from core.models import Job
from imaging.models import Instance, Series
from imaging.selectors import shown
from inference.models import ModelVersion, Prediction
from inference.outlook import AnswerState, Outlook

if TYPE_CHECKING:
    from datetime import datetime

_State = Prediction.State
#: The present answers: finished, by a version in use, about the input as it was last asked about.
PRESENT = Q(state=_State.FINISHED, version__state=ModelVersion.State.LIVE, superseded_at__isnull=True)


#: What an answer says of a prediction; the rest of it, and of its job, is long.
_ASKED = (
    *("workitem_id", "version_id", "series_id", "state", "output", "error_code"),
    *("created_at", "finished_at", "index_seen_at", "job__state", "job__error_message"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The outlook of one version on one series.

    Attributes:
        asked_at, finished_at: of the prediction, None before it.
    """

    version: ModelVersion
    series_instance_uid: str
    prediction_id: UUID | None
    asked_at: datetime | None
    finished_at: datetime | None
    outlook: Outlook


def answers_of(told: Mapping[UUID, bool]) -> dict[UUID, list[Answer]]:
    """Return the answers about each work item, in the order of the series.

    Args:
        told: by work item, whether what models say of it may be told (``annotations.rules.reveal``). The caller has
            checked that the work items may be read.
    """
    cases = Workitem.objects.filter(pk__in=list(told)).only("id", "project_id", "study_id")
    rows: list[Any] = list(cases.annotate(reveal=F("project__reading_protocol__reveal")))
    ids = [row.pk for row in rows]
    projects = {row.project_id for row in rows}
    versions: dict[UUID, list[ModelVersion]] = {}
    live = ModelVersion.objects.filter(state=ModelVersion.State.LIVE, family__project__in=projects)
    for version in live.select_related("family").order_by("family__title", "family_id"):
        versions.setdefault(version.family.project_id, []).append(version)
    series = _series_of(rows if versions else [])
    predictions = _predictions_of(ids if versions else [])
    return {
        row.pk: [
            _answer(
                version,
                one,
                predictions.get((row.pk, version.pk, one.pk)),
                told=told[row.pk],
                never=row.reveal == ReadingProtocol.Reveal.NEVER,
            )
            for one in series.get(row.study_id, [])
            for version in versions.get(row.project_id, [])
        ]
        for row in rows
    }


def _series_of(rows: list[Workitem]) -> dict[UUID, list[Series]]:
    """Return the series with pictures of each study, by study."""
    pictures = shown(Instance.objects.filter(series=OuterRef("pk")))
    found = Series.objects.filter(Exists(pictures), study__in={row.study_id for row in rows})
    series: dict[UUID, list[Series]] = {}
    fields = ("id", "study_id", "series_instance_uid", "indexed_at")
    for one in found.only(*fields).order_by("series_number", "series_instance_uid"):
        series.setdefault(one.study_id, []).append(one)
    return series


def _predictions_of(ids: list[UUID]) -> dict[tuple[UUID, UUID, UUID], Prediction]:
    """Return what the live versions were last asked, by work item, version and series."""
    asked = Prediction.objects.filter(
        workitem__in=ids, version__state=ModelVersion.State.LIVE, superseded_at__isnull=True
    )
    rows = asked.annotate(proposed_count=Count("proposed")).select_related("job").only(*_ASKED)
    return {(row.workitem_id, row.version_id, row.series_id): row for row in rows}


def _answer(version: ModelVersion, series: Series, prediction: Prediction | None, *, told: bool, never: bool) -> Answer:
    return Answer(
        version=version,
        series_instance_uid=series.series_instance_uid,
        prediction_id=prediction.pk if prediction and prediction.state != _State.OUTSIDE and told else None,
        asked_at=prediction.created_at if prediction else None,
        finished_at=prediction.finished_at if prediction else None,
        outlook=_outlook(version, series, prediction, told=told, never=never),
    )


def _outlook(
    version: ModelVersion, series: Series, prediction: Prediction | None, *, told: bool, never: bool
) -> Outlook:
    model = f"{version.family.title} v{version.number}"
    if prediction is None:
        return Outlook(AnswerState.NOT_RUN, model)
    if _has_grown(prediction, series):
        return Outlook(AnswerState.NOT_RUN, model, grown=True)
    if prediction.state == _State.REQUESTED:
        running = prediction.job is not None and prediction.job.state == Job.State.RUNNING
        return Outlook(AnswerState.RUNNING if running else AnswerState.WAITING, model)
    if prediction.state == _State.FAILED:
        reason = prediction.job.error_message if prediction.job else ""
        return Outlook(AnswerState.FAILED, model, code=prediction.error_code, reason=reason)
    if prediction.state == _State.OUTSIDE:
        return Outlook(AnswerState.OUTSIDE, model, code=prediction.error_code)
    if not told:
        return Outlook(AnswerState.HIDDEN, model, never=never)
    return _finished(model, prediction)


def _has_grown(prediction: Prediction, series: Series) -> bool:
    """Images arrived after it was asked."""
    seen, indexed = prediction.index_seen_at, series.indexed_at
    return seen is not None and indexed is not None and seen < indexed


def _labels_said(prediction: Prediction) -> dict[str, bool]:
    """Return by label key whether a finished prediction says that it is there."""
    labels = prediction.output.get("labels", {}).items()
    return {key: bool(said["probability"] >= said["threshold"]) for key, said in labels}


def model_says(workitem: Workitem) -> dict[str, bool]:
    """Return what the present answers about a case say by label key, also where they propose nothing.

    Present where a live version says so of any series as it is now; a label that none has looked for is left out.
    Whom it may be told is for the caller to ask.
    """
    says: dict[str, bool] = {}
    for prediction in Prediction.objects.filter(PRESENT, workitem=workitem).select_related("series"):
        if not _has_grown(prediction, prediction.series):
            for key, present in _labels_said(prediction).items():
                says[key] = says.get(key, False) or present
    return says


def _finished(model: str, prediction: Prediction) -> Outlook:
    above = sum(_labels_said(prediction).values())
    found = int(getattr(prediction, "proposed_count", 0))
    if not found and not above:
        return Outlook(AnswerState.NOTHING_FOUND, model, found=0)
    return Outlook(AnswerState.FOUND, model, found=found, unusable=0 if found else above)


def case_answer(outlooks: list[Answer]) -> list[Outlook]:
    """Return the outlooks alone, for ``inference.outlook.summary_of``."""
    return [one.outlook for one in outlooks]


def predictions_behind(findings: Iterable[UUID]) -> dict[UUID, Prediction]:
    """Return, by finding, the newest prediction that it came of."""
    rows = Prediction.objects.filter(proposed__finding__in=list(findings)).order_by("created_at")
    linked = rows.annotate(finding_id=F("proposed__finding")).select_related("version__family")
    return {row.finding_id: row for row in linked}

"""The worklist: filters, search, stable pages, counts, and the next study."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db.models import BooleanField, Case, Exists, F, FloatField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from annotations.access import READINGS
from annotations.content.images import grown_since_read, images_since_read
from annotations.content.revision_json import person_json
from annotations.models import Finding, Reading, Workitem
from annotations.rules.reveal import ai_hidden_from, ai_told_in_lists, people_revealed
from annotations.rules.standing import standing_of
from core.access import projects_of
from core.errors import Invalid
from imaging.models import Instance
from imaging.search.conditions import holds, words_condition
from imaging.selectors import shown

if TYPE_CHECKING:
    from core.models import Project, User
    from imaging.models import Study

Json = dict[str, Any]
_State = Workitem.State
_NO_DATE: Final = date(1, 1, 1)
#: What the column of a priority holds.
_MOST_URGENT: Final = 32767
#: What a list may be ordered by, and the expression that never is null (so that pages have a fixed order).
_ORDERINGS: Final[dict[str, Any]] = {
    "priority": F("priority"),
    "ai_score": Coalesce(Case(When(ai_shown=True, then=F("ai_score"))), Value(-1.0), output_field=FloatField()),
    "study_date": Coalesce(F("study__study_date"), Value(_NO_DATE)),
    "patient_name": F("study__patient_name_form"),
    "updated_at": F("updated_at"),
    "created_at": F("created_at"),
    "state": F("state"),
}
DEFAULT_ORDERING: Final = "-priority"


@dataclass(frozen=True, slots=True)
class WorklistFilter:
    """What a worklist is narrowed to; empty means everything.

    Attributes:
        assignee: ``me``, ``none``, or a user name.
        grown: only cases with images that came after they were read.
        q: words that must each occur in name, ids, accession number or description of study or patient.
        ordering: a key of the orderings, with ``-`` for descending.
    """

    project: str = ""
    state: str = ""
    modality: str = ""
    body_part: str = ""
    assignee: str = ""
    date_from: date | None = None
    date_to: date | None = None
    q: str = ""
    ordering: str = DEFAULT_ORDERING
    grown: bool = False


@dataclass(frozen=True, slots=True)
class WorklistPage:
    """One page; ``following`` is the place after its last row (JSON values), None on the last page."""

    rows: list[Json]
    following: list[Any] | None
    count: int


def _visible(user: User) -> QuerySet[Workitem]:
    """Return the user's work items; ``ai_shown`` says whether they may know what models say of them."""
    rows = Workitem.objects.filter(project__in=projects_of(user, "workitem.read"))
    shown = Case(When(ai_told_in_lists(user), then=Value(True)), default=Value(False), output_field=BooleanField())
    rows = rows.annotate(ai_shown=shown, grown=grown_since_read()).select_related(
        "project", "study__patient", "reviewer"
    )
    return rows.prefetch_related(READINGS)


def _read_by(**reading: Any) -> Exists:
    """Match where such a reading counts; an abandoned one does not."""
    return Exists(Reading.objects.filter(workitem=OuterRef("pk"), **reading).exclude(state=Reading.State.ABANDONED))


def _narrowed(user: User, wanted: WorklistFilter) -> QuerySet[Workitem]:
    rows = _visible(user)
    if wanted.project:
        rows = rows.filter(project__slug=wanted.project)
    if wanted.state:
        rows = rows.filter(state__in=wanted.state.split(","))
    if wanted.modality:
        rows = rows.filter(holds("study__modalities_in_study", wanted.modality))
    if wanted.body_part:
        rows = rows.filter(holds("study__body_parts_examined", wanted.body_part))
    if wanted.assignee == "me":
        rows = rows.filter(_read_by(reader=user))
    elif wanted.assignee == "none":
        rows = rows.filter(~_read_by())
    elif wanted.assignee:
        rows = rows.filter(_read_by(reader__username=wanted.assignee))
    if wanted.date_from:
        rows = rows.filter(study__study_date__gte=wanted.date_from)
    if wanted.date_to:
        rows = rows.filter(study__study_date__lte=wanted.date_to)
    if wanted.grown:
        rows = rows.filter(grown_since_read())
    if "\0" in wanted.q:
        raise Invalid("search_wrong", "Search for text without NUL characters.")
    return rows.filter(words_condition("study__search_form", wanted.q))


def _ordered(rows: QuerySet[Workitem], ordering: str) -> tuple[QuerySet[Workitem], bool]:
    name, descending = ordering.removeprefix("-"), ordering.startswith("-")
    if name not in _ORDERINGS:
        raise Invalid("ordering_wrong", "The list cannot be ordered by that.", known=sorted(_ORDERINGS))
    rows = rows.annotate(place=_ORDERINGS[name])
    sign = "-" if descending else ""
    return rows.order_by(f"{sign}place", f"{sign}id"), descending


def _place_value(ordering: str, value: Any) -> Any:
    name = ordering.removeprefix("-")
    try:
        if name == "study_date":
            return date.fromisoformat(value)
        if name in ("updated_at", "created_at"):
            return datetime.fromisoformat(value).astimezone(UTC)
        if name == "priority":
            if not isinstance(value, int) or abs(value) > _MOST_URGENT:
                raise ValueError(name)
            return value
        return float(value) if name == "ai_score" else str(value)
    except (TypeError, ValueError, OverflowError):
        raise Invalid("cursor_wrong", "This page address is damaged. Go back to the first page.") from None


def _after(rows: QuerySet[Workitem], place: Any, pk: Any, *, descending: bool) -> QuerySet[Workitem]:
    way = "lt" if descending else "gt"
    return rows.filter(Q(**{f"place__{way}": place}) | Q(place=place, **{f"pk__{way}": pk}))


def _as_json(place: Any) -> Any:
    return place.isoformat() if isinstance(place, date) else place


def worklist_count(user: User, wanted: WorklistFilter) -> int:
    """Return how many work items match."""
    return _narrowed(user, wanted).count()


def worklist_page(
    user: User, wanted: WorklistFilter, *, limit: int = 100, after: list[Any] | None = None
) -> WorklistPage:
    """Return one page of the user's worklist, in a fixed order; rows that were there keep their place.

    Args:
        after: ``following`` of the page before.

    Raises:
        Invalid: an unknown ordering or a damaged place.
    """
    narrowed = _narrowed(user, wanted)
    rows, descending = _ordered(narrowed, wanted.ordering)
    if after is not None:
        if len(after) != 2:
            raise Invalid("cursor_wrong", "This page address is damaged. Go back to the first page.")
        rows = _after(rows, _place_value(wanted.ordering, after[0]), _pk(after[1]), descending=descending)
    found = list(rows[: limit + 1])
    following = None
    if len(found) > limit:
        last: Any = found[limit - 1]
        following = [_as_json(last.place), str(last.pk)]
    return WorklistPage(_rows_json(user, found[:limit]), following, narrowed.count())


def _pk(value: Any) -> UUID:
    try:
        return UUID(value)
    except (TypeError, ValueError, AttributeError):
        raise Invalid("cursor_wrong", "This page address is damaged. Go back to the first page.") from None


def _finding_counts(user: User, workitems: list[Any]) -> dict[UUID, Json]:
    counts: dict[UUID, Json] = {workitem.pk: {"own": 0, "ai": 0, "open": 0} for workitem in workitems}
    shown = {workitem.pk: workitem.ai_shown for workitem in workitems}
    people = Finding.objects.filter(people_revealed(user), workitem__in=workitems, algorithm_type="MANUAL")
    theirs = set(people.values_list("pk", flat=True))
    for one in standing_of(workitems, counting=True).values():
        seen = shown[one.finding.workitem_id] if one.is_ai else one.finding.pk in theirs
        if one.finding.deleted or one.is_superseded or not seen:
            continue
        count = counts[one.finding.workitem_id]
        count["ai" if one.is_ai else "own"] += 1
        count["open"] += one.is_open
    return counts


def _rows_json(user: User, workitems: list[Workitem]) -> list[Json]:
    counts = _finding_counts(user, workitems)
    return [_row_json(workitem, counts[workitem.pk]) for workitem in workitems]


def _parts(value: str) -> list[str]:
    return [part for part in value.split("\\") if part]


def _row_json(workitem: Any, counts: Json) -> Json:
    study, reading = workitem.study, workitem.reading
    return {
        "id": workitem.pk,
        "version": workitem.version,
        "reveal_ai": workitem.ai_shown,
        "project": workitem.project.slug,
        "state": workitem.state,
        "priority": workitem.priority,
        "ai_score": workitem.ai_score if workitem.ai_shown else None,
        "reader": person_json(reading.reader if reading else None),
        "reviewer": person_json(workitem.reviewer),
        "study": {
            "study_instance_uid": study.study_instance_uid,
            "patient_name": study.patient_name,
            "identity_clash": study.patient.identity_clash,
            "patient_id": study.patient.patient_id,
            "patient_birth_date": study.patient_birth_date,
            "patient_sex": study.patient_sex,
            "patient_age": study.patient_age,
            "study_date": study.study_date,
            "study_description": study.study_description,
            "accession_number": study.accession_number,
            "modalities": _parts(study.modalities_in_study),
            "body_parts": _parts(study.body_parts_examined),
            "instances": study.number_of_study_related_instances,
        },
        "finding_counts": counts,
        "grown_since_read": workitem.grown,
        "updated_at": workitem.updated_at,
        "submitted_at": reading.submitted_at if reading else None,
    }


def workitem_row(user: User, workitem: Any) -> Json:
    """Return one work item that the user may read as a row of their worklist."""
    workitem.ai_shown = not ai_hidden_from(user, workitem)
    workitem.grown = Workitem.objects.filter(grown_since_read(), pk=workitem.pk).exists()
    return _rows_json(user, [workitem])[0]


def grown_cases(user: User, study: Study) -> list[Json]:
    """Return the user's cases of a study that have grown since they were read: in which project, by how many images."""
    rows = Workitem.objects.filter(grown_since_read(), study=study, project__in=projects_of(user, "workitem.read"))
    pictures = list(shown(Instance.objects.filter(series__study=study)))
    return [
        {"id": row.pk, "project": row.project.title, "images": images_since_read(row, pictures)}
        for row in rows.select_related("project").prefetch_related(READINGS).order_by("project__title", "id")
    ]


def workitem_next(
    user: User, *, mode: str = "read", project: Project | None = None, after: Workitem | None = None
) -> Json | None:
    """Return the next study to read (open, or waiting for this reader) or to review (submitted by others).

    Goes on from ``after`` in the order of the worklist (most urgent first) and begins again at its end.
    """
    if mode == "review":
        rows = _visible(user).filter(project__in=projects_of(user, "finding.review"), state=_State.SUBMITTED)
        rows = rows.filter(~_read_by(reader=user))
    else:
        rows = _visible(user).filter(project__in=projects_of(user, "workitem.claim"))
        own = Q(_read_by(reader=user, state__in=[Reading.State.CLAIMED, Reading.State.RETURNED]))
        pictures = shown(Instance.objects.filter(series__study=OuterRef("study_id")))
        rows = rows.filter(Q(state=_State.OPEN) | own, Exists(pictures))
    if project is not None:
        rows = rows.filter(project=project)
    rows, descending = _ordered(rows, DEFAULT_ORDERING)
    found: list[Workitem] = []
    if after is not None:
        rows = rows.exclude(pk=after.pk)
        found = list(_after(rows, after.priority, after.pk, descending=descending)[:1])
    found = found or list(rows[:1])
    return _rows_json(user, found)[0] if found else None

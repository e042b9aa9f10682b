"""One study being read or reviewed: its series, labels, findings, history and remarks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Case, Prefetch, Q, Value, When

from annotations.access import comments_of
from annotations.content.images import digest_of_images, images_of, images_since_read
from annotations.content.revision_json import person_json, review_json, revision_json
from annotations.models import Comment, Finding, Reading, ReadingProtocol, Review, Step, Workitem
from annotations.rules.agreement import must_be_decided
from annotations.rules.lifecycle import SIGNED_OFF, WORKITEM
from annotations.rules.may import (
    Act,
    FindingAct,
    case_of,
    case_refusal,
    finding_refusal,
    person_of,
    said_of,
)
from annotations.rules.pictures import PictureRules, outside_words
from annotations.rules.protocol import answers_among, answers_of, protocol_of, required_labels
from annotations.rules.rejecting import rejections_in_words, rejections_offered
from annotations.rules.reveal import ai_hidden_from, findings_revealed, revealed
from annotations.rules.second_reading import reads_second
from annotations.rules.standing import standings_among
from annotations.selectors.notices import workitem_notices
from annotations.selectors.projects import labels_json
from annotations.selectors.worklist import workitem_row
from core.errors import OverreadError
from imaging.contents import may_be_a_models
from imaging.dicom.object_kinds import WORDS, ObjectKind
from imaging.models import Instance, Series

if TYPE_CHECKING:
    from core.models import User

Json = dict[str, Any]


def _series_json(series: Series, rules: PictureRules) -> Json:
    held = list(series.instances.all())
    pictures = [row for row in held if row.is_shown]
    kind = ObjectKind.PICTURE if pictures or not held else held[0].kind
    return {
        "series_instance_uid": series.series_instance_uid,
        "modality": series.modality,
        "series_number": series.series_number,
        "series_description": series.series_description,
        "instances": len(held),
        "frames": sum(max(1, row.number_of_frames) for row in pictures),
        "displayable": bool(pictures),
        "kind": kind,
        "kind_words": WORDS[kind],
        "outside_question": outside_words(rules, pictures),
        "geometry": series.geometry,
    }


def _shown_series(workitem: Workitem, *, ai_hidden: bool) -> list[Series]:
    """Return the series of the case; those that only models may have made are left out while findings are hidden."""
    rows = workitem.study.series.prefetch_related("instances").order_by("series_number", "series_instance_uid")
    return [row for row in rows if not (ai_hidden and _by_models(list(row.instances.all())))]


def _by_models(instances: list[Instance]) -> bool:
    return bool(instances) and all(not one.is_shown and may_be_a_models(one) for one in instances)


def what_may(user: User, workitem: Workitem) -> dict[str, OverreadError | None]:
    """Return per act of the rule book why the user may not do it with this work item now, or None."""
    person, case = person_of(user, workitem), case_of(workitem)
    return {str(act): case_refusal(act, person, case) for act in Act}


def _refusals(refusals: Mapping[str, OverreadError | None]) -> Json:
    """Return ``may`` and, for what is refused, ``why_not``."""
    return {
        "may": {act: refusal is None for act, refusal in refusals.items()},
        "why_not": {act: {"code": no.code, "message": no.message} for act, no in refusals.items() if no},
    }


def _reading_json(reading: Reading | None) -> Json | None:
    if reading is None:
        return None
    names = (
        "id",
        "state",
        "version",
        "reveal",
        "blind",
        "claimed_at",
        "submitted_at",
        "abandoned_at",
        "ending",
        "seconds",
    )
    # What a model said was on the reader's screen from then on.
    revealed_at = min((sight.created_at for sight in reading.sights.all()), default=None)
    said = {"reader": person_json(reading.reader), "revealed_at": revealed_at}
    return {**{name: getattr(reading, name) for name in names}, **said}


def _answers_json(reading: Reading | None, protocol: ReadingProtocol) -> Json:
    answers = answers_of(reading, protocol) if reading else answers_among(required_labels(protocol), [])
    return {"required": answers.required, "answered": answers.answered, "missing": answers.missing}


def _reopened_json(workitem: Workitem) -> Json | None:
    """Return why a case that nobody has decided since was reopened."""
    if workitem.round == 1 or workitem.state in SIGNED_OFF:
        return None
    step = workitem.steps.filter(kind=Step.Kind.REOPENED).select_related("by").order_by("-version").first()
    return {"reason": step.remark, "by": person_json(step.by), "at": step.created_at} if step else None


def workitem_json(user: User, workitem: Workitem) -> Json:
    """Return a work item with what a reading page needs."""
    row, reading, images = workitem_row(user, workitem), workitem.reading, images_of(workitem.study_id)
    protocol = protocol_of(workitem.project)
    own = reading is not None and reading.reader_id == user.pk
    series = _shown_series(workitem, ai_hidden=not row["reveal_ai"])
    pictures = [image for one in series for image in one.instances.all() if image.is_shown]
    return {
        **row,
        "notices": workitem_notices(workitem),
        "series": [_series_json(one, PictureRules.of(protocol.pictures)) for one in series],
        "labels": labels_json(workitem.project, retired=False),
        "instructions": protocol.instructions,
        "rejections": rejections_in_words(),
        **_refusals(what_may(user, workitem)),
        "events": WORKITEM.events(workitem.state),
        "remark": "" if reads_second(user, workitem) else workitem.remark,
        "reading_seconds": reading.seconds if reading else 0,
        "reading": _reading_json(reading),
        "answers": _answers_json(reading if own else None, protocol),
        "round": workitem.round,
        "reopened": _reopened_json(workitem),
        "images_digest": digest_of_images(images),
        "images_since_read": images_since_read(workitem, pictures),
    }


def readings_json(workitem: Workitem) -> list[Json]:
    """Return the readings of a case, abandoned ones too, oldest first."""
    rows = workitem.readings.select_related("reader").prefetch_related("sights").order_by("claimed_at", "id")
    return [row for reading in rows if (row := _reading_json(reading))]


def steps_json(user: User, workitem: Workitem) -> list[Json]:
    """Return the steps of a case's life that the user may know of, oldest first."""
    hidden, second = ai_hidden_from(user, workitem), reads_second(user, workitem)
    known = set(findings_revealed(user, workitem, ai_hidden=hidden).values_list("pk", flat=True))
    rows = workitem.steps.select_related("by", "reading__reader").order_by("version")
    return [
        {
            "version": step.version,
            "kind": step.kind,
            "by": person_json(step.by),
            "reader": person_json(step.reading.reader) if step.reading else None,
            "finding_id": step.finding_id,
            "remark": "" if second else step.remark,
            "at": step.created_at,
        }
        for step in rows
        if (step.finding_id is None or step.finding_id in known) and not (hidden and step.kind == Step.Kind.PROPOSED)
    ]


def _finding_json(finding: Finding, more: Json) -> Json:
    return {
        "id": finding.pk,
        "kind": finding.kind,
        "author": person_json(finding.author),
        "algorithm_type": finding.algorithm_type,
        "algorithm_name": finding.algorithm_name,
        "algorithm_version": finding.algorithm_version,
        "probability": finding.probability,
        "threshold": finding.threshold,
        "superseded_at": finding.superseded_at,
        "deleted": finding.deleted,
        "head": revision_json(finding.head) if finding.head else None,
        "reviews": [review_json(review) for review in finding.reviews.all()],
        **more,
    }


def finding_json(user: User, finding: Finding, model_says: Mapping[str, bool]) -> Json:
    """Return a finding with its head and reviews, oldest first, and what the user may do with it.

    Args:
        model_says: what live models answered about the case by label key, also where they propose nothing.
    """
    rows = findings_json(user, finding.workitem, model_says, only=finding)
    return rows[0]


def findings_json(
    user: User, workitem: Workitem, model_says: Mapping[str, bool], *, only: Finding | None = None
) -> list[Json]:
    """Return the findings that the user may know of, deleted ones too (they can be restored), oldest first.

    Args:
        model_says: what live models answered about the case by label key, also where they propose nothing.
        only: just this one.
    """
    hidden = ai_hidden_from(user, workitem)
    found = _findings_of(user, workitem, ai_hidden=hidden)
    standings = standings_among(
        [finding for finding in found if said_of(finding).current],
        [review for finding in found for review in finding.reviews.all()],
    )
    person, case = person_of(user, workitem), case_of(workitem)
    # Whether a finding waits would tell a reader what the model said of it.
    waiting = set() if hidden else must_be_decided(standings.values(), model_says)
    rows = []
    for finding in found:
        if not finding.is_revealed or (only is not None and finding.pk != only.pk):
            continue
        said, standing = said_of(finding), standings.get(finding.pk)
        more = {
            "may": {str(act): finding_refusal(act, person, case, said) is None for act in FindingAct},
            "decision": review_json(standing.review) if standing and standing.review else None,
            "rejections": rejections_offered(finding.kind, by_model=said.by_model),
            "must_be_decided": finding.pk in waiting,
            "changes_the_reading": standing is not None and standing.changes_the_reading,
            "abandoned": not said.current,
        }
        rows.append(_finding_json(finding, more))
    return rows


def _findings_of(user: User, workitem: Workitem, *, ai_hidden: bool) -> list[Any]:
    """Return every finding of a case with its head and its reviews, each oldest first.

    ``is_revealed`` of each says whether the user may know of it.
    """
    reviews = Prefetch("reviews", Review.objects.select_related("reviewer").order_by("created_at", "id"))
    may_know = Case(When(revealed(user, ai_hidden=ai_hidden), then=Value(True)), default=Value(False))
    rows = Finding.objects.filter(workitem=workitem).annotate(is_revealed=may_know)
    rows = rows.prefetch_related(reviews).order_by("created_at", "id")
    found = list(rows.select_related("author", "reading", "head__author", "head__parent"))
    for finding in found:
        finding.workitem = workitem
    return found


def history_json(finding: Finding) -> list[Json]:
    """Return all revisions of a finding, oldest first."""
    return [revision_json(row) for row in finding.revisions.select_related("author").order_by("number")]


def comment_json(comment: Comment) -> Json:
    """Return a remark in the API's shape."""
    return {
        "id": comment.pk,
        "author": person_json(comment.author),
        "text": comment.text,
        "pin": comment.pin,
        "finding_id": comment.finding_id,
        "created_at": comment.created_at,
    }


def comments_json(user: User, workitem: Workitem) -> list[Json]:
    """Return the remarks on a work item; those on a finding that the user may not know of are left out.

    Who reads it a second time does not see what others remarked either, until they have answered.
    """
    known = findings_revealed(user, workitem).values("pk")
    rows = comments_of(workitem).filter(Q(finding__isnull=True) | Q(finding__in=known))
    if reads_second(user, workitem):
        rows = rows.filter(author=user)
    return [comment_json(row) for row in rows]

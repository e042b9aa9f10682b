"""One study being read or reviewed: its series, labels, findings, history and remarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotations.access import comments_of
from annotations.content.revision_json import person_json, revision_json
from annotations.models import Comment, Finding, Review, Workitem
from annotations.rules.lifecycle import SIGNED_OFF, WORKITEM
from annotations.rules.protocol import protocol_of
from annotations.rules.reveal import ai_hidden_from
from annotations.selectors.notices import workitem_notices
from annotations.selectors.projects import label_json
from annotations.selectors.worklist import workitem_row
from core.access import may
from imaging.dicom.object_kinds import WORDS, ObjectKind
from imaging.models import Series

if TYPE_CHECKING:
    from core.models import User

Json = dict[str, Any]
_State = Workitem.State


def _series_json(series: Series) -> Json:
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
        "geometry": series.geometry,
    }


def what_may(user: User, workitem: Workitem) -> dict[str, bool]:
    """Return what the user may do with this work item now; the services check the same again."""
    project, state = workitem.project, workitem.state
    is_reader = workitem.reader_id == user.pk
    reviewer, admin = may(user, "finding.review", project), may(user, "project.change", project)
    reviewing = reviewer and not is_reader and state == _State.SUBMITTED
    return {
        "claim": may(user, "workitem.claim", project)
        and (state == _State.OPEN or (state == _State.REJECTED and is_reader)),
        "edit": is_reader and state == _State.CLAIMED,
        "release": state == _State.CLAIMED and ((is_reader and workitem.submitted_at is None) or admin),
        "submit": is_reader and state == _State.CLAIMED,
        "withdraw": is_reader and state == _State.SUBMITTED,
        "review": reviewing,
        "decide": reviewing,
        "reopen": admin and state in SIGNED_OFF,
        "comment": may(user, "comment.write", project),
    }


def workitem_json(user: User, workitem: Workitem) -> Json:
    """Return a work item with what a reading page needs."""
    series = workitem.study.series.prefetch_related("instances").order_by("series_number", "series_instance_uid")
    return {
        **workitem_row(user, workitem),
        "notices": workitem_notices(workitem),
        "series": [_series_json(row) for row in series],
        "labels": [label_json(label) for label in workitem.project.labels.filter(retired_at__isnull=True)],
        "instructions": protocol_of(workitem.project).instructions,
        "reveal_ai": not ai_hidden_from(user, workitem),
        "may": what_may(user, workitem),
        "events": WORKITEM.events(workitem.state),
        "remark": workitem.remark,
        "reading_seconds": workitem.reading_seconds,
    }


def review_json(review: Review) -> Json:
    """Return a decision in the API's shape."""
    return {
        "id": review.pk,
        "decision": review.decision,
        "reason": review.reason,
        "remark": review.remark,
        "reviewer": person_json(review.reviewer),
        "created_at": review.created_at,
        "revision": review.revision_id,
        "corrected_revision": review.corrected_revision_id,
        "difference": review.difference,
        "saliency_shown": review.saliency_shown,
        "at_sign_off": review.at_sign_off,
    }


def finding_json(finding: Finding) -> Json:
    """Return a finding with its head and reviews, oldest first."""
    reviews = sorted(finding.reviews.all(), key=lambda review: (review.created_at, review.pk))
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
        "reviews": [review_json(review) for review in reviews],
    }


def findings_json(user: User, workitem: Workitem) -> list[Json]:
    """Return the findings that the user may know of, deleted ones too (they can be restored), oldest first."""
    rows = workitem.findings.select_related("author", "head__author").prefetch_related("reviews__reviewer")
    if ai_hidden_from(user, workitem):
        rows = rows.filter(algorithm_type=Finding.AlgorithmType.MANUAL)
    return [finding_json(finding) for finding in rows.order_by("created_at", "id")]


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
    """Return the remarks on a work item; those on a model's finding that the user may not know of are left out."""
    rows = comments_of(workitem)
    if ai_hidden_from(user, workitem):
        rows = rows.exclude(finding__algorithm_type__in=["AUTOMATIC", "SEMIAUTOMATIC"])
    return [comment_json(row) for row in rows]

"""Reads of the searches for doubtful labels, in the API's shapes."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from annotations.content.revision_json import person_json
from annotations.models import DatasetSnapshot, Workitem
from annotations.rules.lifecycle import SIGNED_OFF
from core import blobs
from core.models import Job
from inference.models import SuspectSearch

Json = dict[str, Any]


def newest_search(snapshot: DatasetSnapshot) -> SuspectSearch | None:
    """Return the latest search in a dataset, or None."""
    return SuspectSearch.objects.filter(snapshot=snapshot).select_related("job", "requested_by").first()


def search_json(search: SuspectSearch | None) -> Json | None:
    """Return a search in the API's shape; its Job says whether it runs."""
    if search is None:
        return None
    job = Job.objects.filter(suspect_search=search).first()
    state = Job.State.SUCCEEDED if search.result_digest else job.state if job else Job.State.QUEUED
    failed = job is not None and not search.result_digest and job.error_code
    return {
        "id": search.pk,
        "snapshot_id": search.snapshot_id,
        "state": state,
        "share": job.progress.get("share") if job else None,
        "parts": search.parts,
        "counts": search.counts,
        "requested_by": person_json(search.requested_by),
        "created_at": search.created_at,
        "found_at": search.found_at,
        "error": {"code": job.error_code, "message": job.error_message} if failed and job else None,
    }


def doubts_json(search: SuspectSearch, *, label_key: str, offset: int, limit: int) -> Json:
    """Return doubtful answers, the most doubtful first, each with its case as it stands now.

    Args:
        label_key: only of this label; "" for all.
    """
    every = json.loads(blobs.get(search.result_digest)) if search.result_digest else []
    found = [{"place": place, **one} for place, one in enumerate(every, start=1)]
    found = [one for one in found if not label_key or one["label_key"] == label_key]
    rows = found[offset : offset + limit]
    cases = _cases(search, {one["study_instance_uid"] for one in rows})
    return {
        "count": len(found),
        "results": [{**one, "workitem": cases.get(one["study_instance_uid"])} for one in rows],
    }


def _after(decided: datetime | None, found: datetime | None) -> bool:
    return decided is not None and found is not None and decided > found


def _cases(search: SuspectSearch, studies: set[str]) -> dict[str, Json]:
    rows = Workitem.objects.filter(
        project=search.snapshot.project_id, study__study_instance_uid__in=studies
    ).select_related("study__patient")
    return {
        row.study.study_instance_uid: {
            "id": row.pk,
            "state": row.state,
            "version": row.version,
            "patient_id": row.study.patient.patient_id,
            "study_date": row.study.study_date,
            "looked_at_again": row.state not in SIGNED_OFF or _after(row.decided_at, search.found_at),
        }
        for row in rows
    }

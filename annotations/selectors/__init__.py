"""What the outside may read of this room, in the shapes of the API. Nothing here writes."""

from annotations.rules.reveal import ai_hidden_from, ai_revealed
from annotations.selectors.agreement import agreement_json
from annotations.selectors.first_steps import FirstStep, first_steps
from annotations.selectors.projects import label_json, project_json, project_rows
from annotations.selectors.reading import (
    comment_json,
    comments_json,
    finding_json,
    findings_json,
    history_json,
    readings_json,
    steps_json,
    workitem_json,
)
from annotations.selectors.reviewers import reviewers_json
from annotations.selectors.snapshots import (
    SnapshotCase,
    datasheet_json,
    request_json,
    snapshot_cases,
    snapshot_json,
    snapshot_manifest,
    snapshots_json,
)
from annotations.selectors.worklist import (
    WorklistFilter,
    WorklistPage,
    workitem_next,
    workitem_row,
    worklist_count,
    worklist_page,
)

__all__ = [
    "FirstStep",
    "SnapshotCase",
    "WorklistFilter",
    "WorklistPage",
    "agreement_json",
    "ai_hidden_from",
    "ai_revealed",
    "comment_json",
    "comments_json",
    "datasheet_json",
    "finding_json",
    "findings_json",
    "first_steps",
    "history_json",
    "label_json",
    "project_json",
    "project_rows",
    "readings_json",
    "request_json",
    "reviewers_json",
    "snapshot_cases",
    "snapshot_json",
    "snapshot_manifest",
    "snapshots_json",
    "steps_json",
    "workitem_json",
    "workitem_next",
    "workitem_row",
    "worklist_count",
    "worklist_page",
]

"""What a network would be shown, in the API's shape."""

from __future__ import annotations

import json
from typing import Any

from core import blobs
from core.models import Job
from inference.models import TrainingPreview

Json = dict[str, Any]
_NOTHING: Json = {"batch_digest": "", "preprocessing_digest": "", "cases": 0, "batch": 0, "pictures": []}


def preview_json(preview: TrainingPreview) -> Json:
    """Return a preview; its Job says how far it is. Each picture names its study, which is for the services only."""
    job = Job.objects.filter(training_preview=preview).first()
    done = bool(preview.result_digest)
    state = Job.State.SUCCEEDED if done else job.state if job else Job.State.CANCELLED
    failed = job is not None and not done and job.error_code
    return {
        "id": preview.pk,
        "state": state,
        "share": job.progress.get("share") if job else None,
        "labels": preview.config["labels"],
        **(json.loads(blobs.get(preview.result_digest)) if done else _NOTHING),
        "error": {"code": job.error_code, "message": job.error_message} if failed and job else None,
    }

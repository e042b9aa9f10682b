"""The job that shows what a network is shown: frozen training cases → engine → pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotations.selectors.snapshots import snapshot_cases
from core.errors import NotFound
from inference.engine.config import RecipeConfig
from inference.engine.preview import preview_of
from inference.jobs.samples import snapshot_samples
from inference.models import TrainingPreview
from inference.services.previews import preview_finish

if TYPE_CHECKING:
    from core.jobs import JobContext


def preview(context: JobContext, preview_id: str) -> None:
    """Prepare the cases of a training's first batch, and change them as it would.

    Raises:
        NotFound: the row is gone. JobStopped: cancelled, or the worker is leaving.
        OverreadError: the cases cannot be learned from with these settings.
    """
    rows = TrainingPreview.objects.select_related("snapshot__project", "family")
    row = rows.filter(pk=preview_id).first()
    if row is None:
        raise NotFound("preview_not_found", "The dataset was removed before it was looked at.")
    if row.result_digest:
        return
    config = RecipeConfig.from_json(row.config)
    samples = snapshot_samples(row.snapshot, "train", labels=config.labels, dimensions=config.dimensions)

    def ask(share: float) -> None:
        context.check()
        context.progress(share=round(share, 3))

    made = preview_of(config, samples, ask)
    studies: dict[str, str] = {}
    for case in snapshot_cases(row.snapshot):
        studies[case.series_instance_uid] = case.study_instance_uid
        studies[f"{case.sop_instance_uid}/{case.frame_number}"] = case.study_instance_uid
    pictures: list[dict[str, Any]] = [
        {**one, "study_instance_uid": studies[one["sample_id"]]} for one in made["pictures"]
    ]
    preview_finish(preview=row, result={**made, "pictures": pictures})

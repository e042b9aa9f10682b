"""The job that looks for doubtful labels: frozen cases → models of the others → doubts. No test case comes near it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from annotations.selectors.snapshots import snapshot_cases
from core.errors import NotFound
from core.jobs import JobStopped
from inference.engine.config import RecipeConfig
from inference.engine.errors import TrainingStopped
from inference.engine.suspects import answers_of_others, doubts_of
from inference.jobs.samples import snapshot_samples
from inference.models import SuspectSearch
from inference.services.suspects import suspects_finish

if TYPE_CHECKING:
    from annotations.models import DatasetSnapshot
    from core.jobs import JobContext

Json = dict[str, Any]
_JUDGED = ("train", "validation")
_OF_CASE = ("study_instance_uid", "series_instance_uid", "sop_instance_uid", "frame_number", "split")


def suspects(context: JobContext, search_id: str) -> None:
    """Judge every answer of the training and validation cases by models that never saw its patient.

    Raises:
        NotFound: the search is gone. JobStopped: cancelled, or the worker is leaving.
        OverreadError: the cases cannot be learned from.
    """
    search = SuspectSearch.objects.select_related("snapshot__project").filter(pk=search_id).first()
    if search is None:
        raise NotFound("suspects_not_found", "The search was removed before it began.")
    if search.result_digest:
        return
    config = RecipeConfig.from_json(search.config)
    samples = [
        sample
        for split in _JUDGED
        for sample in snapshot_samples(search.snapshot, split, labels=config.labels, dimensions=2)
    ]
    workdir = Path(settings.OVERREAD_DATA_DIR) / "training" / f"suspects-{search.pk}"
    try:
        said = answers_of_others(
            config,
            samples,
            parts=search.parts,
            workdir=workdir,
            on_progress=lambda share: context.progress(phase="training", share=round(share, 3)),
            should_stop=context.should_stop,
        )
    except TrainingStopped as stopped:
        raise JobStopped from stopped
    about = _about_cases(search.snapshot)
    doubts = [
        {**one.to_json(), **about[one.sample_id], "provenance": about[one.sample_id]["provenance"].get(one.label, "")}
        for one in doubts_of(samples, config.labels, said)
    ]
    suspects_finish(search=search, doubts=doubts)
    shutil.rmtree(workdir, ignore_errors=True)


def _about_cases(snapshot: DatasetSnapshot) -> dict[str, Json]:
    return {
        f"{case.sop_instance_uid}/{case.frame_number}": {
            **{name: getattr(case, name) for name in _OF_CASE},
            "provenance": case.label_provenance,
        }
        for case in snapshot_cases(snapshot)
        if case.split in _JUDGED
    }

"""The job of a training: frozen cases → engine → a candidate version. The test split never comes near it."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import blobs
from core.errors import NotFound
from core.jobs import JobStopped
from inference.engine import train as engine
from inference.engine.config import RecipeConfig
from inference.engine.errors import TrainingStopped
from inference.engine.model_files import CARD_NAME, WEIGHTS_NAME
from inference.engine.progress import TrainProgress
from inference.family_facts import operating_point_of
from inference.jobs.samples import samples_left_out, snapshot_samples
from inference.models import ModelVersion, TrainingRun
from inference.services.training import (
    curves_keep,
    training_finish,
    training_numbers_tell,
    warm_start_weights,
    workdir_of,
)
from inference.training_cost import training_work

if TYPE_CHECKING:
    from core.jobs import JobContext

Json = dict[str, Any]
_SECONDS_BETWEEN_EVENTS = 1.0


@dataclass
class _Telling:
    """Passes the engine's progress on: to the job's row, to the sockets once a second, to the run once an epoch."""

    context: JobContext
    run: TrainingRun
    curves: dict[int, Json] = field(default_factory=dict)
    told_at: float = 0.0
    said: tuple[str, int] = ("", 0)
    pending: Json | None = None
    first_step: tuple[int, float] | None = None
    last_step: tuple[int, float] = (0, 0.0)

    def __call__(self, progress: TrainProgress) -> None:
        facts = progress.to_json()
        self.context.progress(**facts)
        if progress.phase == "training":
            self.first_step = self.first_step or (progress.step, time.monotonic())
            self.last_step = (progress.step, time.monotonic())
        self._keep_epoch(progress, facts)
        now, said = time.monotonic(), (progress.phase, progress.epoch)
        if said != self.said or now - self.told_at >= _SECONDS_BETWEEN_EVENTS:
            self.told_at, self.said = now, said
            training_numbers_tell(self.run, facts)

    def _keep_epoch(self, progress: TrainProgress, facts: Json) -> None:
        """Keep an epoch's entry when the next one has begun: only the last word said at its end knows its metric."""
        at_end = progress.phase == "training" and progress.step * progress.epochs == progress.epoch * progress.steps
        if at_end and progress.step:
            names = ("epoch", "losses", "metric_name", "metric", "loader_share")
            self.pending = {name: facts[name] for name in names}
        elif self.pending is not None and progress.phase != "validating":
            self.curves[self.pending["epoch"]] = self.pending
            self.pending = None
            curves_keep(run=self.run, curves=[self.curves[epoch] for epoch in sorted(self.curves)])

    def cost(self, config: RecipeConfig, *, cases: int, held_out: int, steps: int, loading: float) -> Json:
        """Return measured seconds for later estimates; empty where too little was run here to say."""
        if self.first_step is None or self.last_step[0] - self.first_step[0] < min(10, steps / 2):
            return {}
        share = (self.last_step[0] - self.first_step[0]) / max(1, steps)
        work = training_work(config, training_cases=cases, validation_cases=held_out) * share
        return {
            "seconds_per_megapixel": round((self.last_step[1] - self.first_step[1]) / work, 4),
            "loading_seconds_per_case": round(loading / max(1, cases + held_out), 5),
        }


def train(context: JobContext, training_run_id: str) -> None:
    """Train, or go on from the last checkpoint that a killed or stopped worker left.

    Checkpoints lie in this machine's data folder; another machine begins anew and, on the same kind of CPU, comes to
    the same weights.

    Raises:
        NotFound: the run is gone. JobStopped: cancelled, or the worker is leaving.
        OverreadError: the cases or the settings cannot be trained on.
    """
    rows = TrainingRun.objects.select_related("family__project", "snapshot", "parent", "plan")
    run = rows.filter(pk=training_run_id).first()
    if run is None:
        raise NotFound("training_not_found", "The training was removed before it began.")
    if ModelVersion.objects.filter(training_run=run).exists():
        return
    config, workdir = RecipeConfig.from_json(run.config), workdir_of(run)
    workdir.mkdir(parents=True, exist_ok=True)
    asked: Json = {"labels": config.labels, "dimensions": config.dimensions}
    cases = snapshot_samples(run.snapshot, "train", **asked)
    held_out = snapshot_samples(run.snapshot, "validation", **asked)
    telling = _Telling(context, run, curves={entry["epoch"]: entry for entry in run.curves})
    began = time.monotonic()
    try:
        result = engine.train(
            config,
            training=cases,
            validation=held_out,
            workdir=workdir,
            operating_point=operating_point_of(run.plan),
            initial_weights=_initial_weights(run, config, workdir),
            resume=True,
            on_progress=telling,
            should_stop=context.should_stop,
        )
    except TrainingStopped as stopped:
        raise JobStopped from stopped
    loading = telling.first_step[1] - began if telling.first_step else 0.0
    silent = {split: samples_left_out(run.snapshot, split, **asked) for split in ("train", "validation")}
    measured: Json = {"seconds": round(result.seconds, 2), "says_nothing_of_the_labels": silent}
    run.environment = {**run.environment, **result.environment, **measured}
    training_finish(
        run=run,
        weights=result.folder / WEIGHTS_NAME,
        card=dict(result.card),
        curves=[dict(entry) for entry in result.curves],
        cost=telling.cost(
            config,
            cases=len(cases),
            held_out=len(held_out),
            # Of all epochs, also of those that were no longer needed: that is what the work is counted for.
            steps=result.steps * config.epochs // len(result.curves),
            loading=loading,
        ),
    )
    shutil.rmtree(workdir, ignore_errors=True)


def _initial_weights(run: TrainingRun, config: RecipeConfig, workdir: Path) -> Path | None:
    """Lay the parent's model beside the checkpoints for a warm start; None for a cold one."""
    digest = warm_start_weights(run.parent, config)
    if digest is None or run.parent is None:
        return None
    folder = workdir / "parent"
    folder.mkdir(exist_ok=True)
    (folder / WEIGHTS_NAME).write_bytes(blobs.get(digest))
    (folder / CARD_NAME).write_bytes(blobs.get(run.parent.card_digest))
    return folder

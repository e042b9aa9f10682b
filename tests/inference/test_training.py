"""Trainings learn from frozen cases, never from the test split; they can be cancelled, killed and resumed."""

from __future__ import annotations

import importlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.utils import timezone

from annotations.selectors.snapshots import snapshot_cases
from annotations.services.withdrawals import patient_withdraw, reader_withdraw
from core import blobs, jobs
from core.errors import Conflict, Invalid
from core.jobs import JobContext, run_job
from core.models import AuditEvent, Event, Job
from imaging.models import Study
from inference.family_facts import training_config
from inference.models import ModelFamily, ModelVersion, TrainingRun
from inference.services.training import (
    training_cancel,
    training_estimate,
    training_request,
    training_resume,
    workdir_of,
)
from tests.inference.planted_archive import CONFIG, freeze, install, make_family, plant_many

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from annotations.models import DatasetSnapshot
    from core.models import Project, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def family(project: Project, admin: User) -> ModelFamily:
    return make_family(project, admin)


@pytest.fixture
def snapshot(project: Project) -> DatasetSnapshot:
    return freeze(project, plant_many(project, train=16, validation=8, test=6))


def ask(family: ModelFamily, snapshot: DatasetSnapshot, admin: User, **chosen: Any) -> TrainingRun:
    return training_request(
        family=family, snapshot=snapshot, chosen={**CONFIG, **chosen}, reason="more cases", requested_by=admin
    )


def test_a_training_ends_as_a_candidate_with_its_curves_and_surroundings_on_record(
    family: ModelFamily, snapshot: DatasetSnapshot, admin: User
) -> None:
    run = ask(family, snapshot, admin)
    assert run.job is not None
    assert run_job(str(run.job.pk))
    run.refresh_from_db()
    version = ModelVersion.objects.get(training_run=run)
    assert (run.job.kind, version.state, version.number) == ("train", "candidate", 1)
    assert [entry["epoch"] for entry in run.curves] == [1, 2, 3]
    assert run.environment["libraries"]["torch"]
    assert (run.environment["seed"], run.environment["device"]) == (3, "cpu")
    assert run.config_digest == training_config(family, CONFIG).digest
    assert version.card["snapshot_digest"] == snapshot.digest
    assert version.card["weights_sha256"] == version.weights_digest
    assert blobs.verify(version.weights_digest)
    assert not workdir_of(run).exists()
    told = [event.detail for event in Event.objects.filter(kind="training.changed").order_by("id")]
    assert (told[0]["phase"], told[-1]["phase"]) == ("queued", "succeeded")
    loop = {detail["numbers"]["phase"] for detail in told if detail.get("numbers")}
    assert {"preparing", "training", "calibrating"} <= loop
    Job.objects.filter(pk=run.job.pk).update(state="queued")
    assert run_job(str(run.job.pk))
    assert ModelVersion.objects.count() == 1, "a job that runs twice makes one version"


def test_the_test_split_is_never_opened_while_training(project: Project, family: ModelFamily, admin: User) -> None:
    splits = plant_many(project, train=8, validation=6, test=4)
    snapshot = freeze(project, splits)
    for planted in splits["test"]:
        planted.instance.delete()
    run = ask(family, snapshot, admin, epochs=1)
    assert run.job is not None
    run_job(str(run.job.pk))
    run.job.refresh_from_db()
    assert run.job.state == "succeeded", run.job.error_code


def test_a_dataset_whose_image_is_gone_is_refused_with_a_code(
    project: Project, family: ModelFamily, admin: User
) -> None:
    splits = plant_many(project, train=8, validation=6, test=4)
    run = ask(family, freeze(project, splits), admin)
    splits["train"][0].instance.delete()
    assert run.job is not None
    run_job(str(run.job.pk))
    run.job.refresh_from_db()
    assert (run.job.state, run.job.error_code) == ("failed", "snapshot_image_changed")


def _stop_after_epoch(monkeypatch: pytest.MonkeyPatch, epochs: int, then: Callable[[JobContext], None]) -> None:
    """Let ``then`` happen in the running job once so many epochs have a checkpoint."""
    asked = JobContext.should_stop

    def should_stop(context: JobContext) -> bool:
        run = TrainingRun.objects.get(job=context.job_id)
        if len(list((workdir_of(run) / "checkpoints").glob("epoch-*"))) >= epochs:
            then(context)
        return asked(context)

    monkeypatch.setattr(JobContext, "should_stop", should_stop)


def test_a_cancelled_training_stops_and_goes_on_from_its_checkpoint_to_the_same_weights(
    family: ModelFamily, snapshot: DatasetSnapshot, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    through = ask(family, snapshot, admin)
    assert through.job is not None
    run_job(str(through.job.pk))
    whole = ModelVersion.objects.get(training_run=through)

    run = ask(family, snapshot, admin)
    assert run.job is not None
    first = run.job

    def cancel(context: JobContext) -> None:
        if not Job.objects.filter(pk=first.pk, cancel_requested=True).exists():
            training_cancel(run=run, by=admin)
        context._asked_at = 0.0

    with monkeypatch.context() as patched:
        _stop_after_epoch(patched, 1, cancel)
        run_job(str(first.pk))
    first.refresh_from_db()
    assert first.state == "cancelled"
    assert not ModelVersion.objects.filter(training_run=run).exists()
    run.refresh_from_db()
    resumed = training_resume(run=run, by=admin)
    assert resumed.job is not None
    assert resumed.job.pk != first.pk
    steps: list[int] = []
    progress = JobContext.progress
    monkeypatch.setattr(
        JobContext, "progress", lambda self, **facts: (steps.append(facts["epoch"]), progress(self, **facts))[1]
    )
    run_job(str(resumed.job.pk))
    version = ModelVersion.objects.get(training_run=run)
    assert version.weights_digest == whole.weights_digest
    assert 1 not in steps, "the first epoch was not computed again"
    run.refresh_from_db()
    assert [entry["epoch"] for entry in run.curves] == [1, 2, 3]
    with pytest.raises(Conflict, match="resumed"):
        training_resume(run=run, by=admin)


def test_a_training_whose_worker_died_is_taken_over_from_its_checkpoint(
    family: ModelFamily, snapshot: DatasetSnapshot, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """What SIGKILL looks like from inside: nothing below it runs."""

    def die(_: JobContext) -> None:
        raise Killed

    run = ask(family, snapshot, admin)
    assert run.job is not None
    with monkeypatch.context() as patched:
        _stop_after_epoch(patched, 1, die)
        with pytest.raises(Killed):
            run_job(str(run.job.pk))
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.jobs_sweep() == 1
    assert run_job(str(run.job.pk))
    run.job.refresh_from_db()
    assert (run.job.state, run.job.attempt) == ("succeeded", 2)
    run.refresh_from_db()
    assert [entry["epoch"] for entry in run.curves] == [1, 2, 3]


def test_a_warm_start_begins_with_the_live_weights(
    family: ModelFamily, snapshot: DatasetSnapshot, admin: User, square_model: Path
) -> None:
    live = install(family, square_model)
    family.refresh_from_db()
    run = ask(family, snapshot, admin, warm_start=True, epochs=1)
    assert run.parent == live
    assert run.job is not None
    run_job(str(run.job.pk))
    version = ModelVersion.objects.get(training_run=run)
    assert version.card["origin"]["parent"] == str(live.pk)
    run.refresh_from_db()
    assert run.environment["initial_weights"]


def test_a_training_from_the_beginning_names_no_version_it_began_with_whatever_is_live(
    family: ModelFamily, snapshot: DatasetSnapshot, admin: User, square_model: Path
) -> None:
    live = install(family, square_model)
    family.refresh_from_db()
    cold, warm = ask(family, snapshot, admin), ask(family, snapshot, admin, warm_start=True)
    assert (cold.parent, warm.parent) == (None, live)
    TrainingRun.objects.filter(pk=cold.pk).update(parent=live)  # as it was kept at first
    importlib.import_module("inference.migrations.0009_with_whose_weights_it_began")._told(apps, None)
    assert [TrainingRun.objects.get(pk=run.pk).parent for run in (cold, warm)] == [None, live]


def test_the_estimate_warns_of_a_start_from_a_version_that_learned_from_somebody_withdrawn(
    family: ModelFamily, snapshot: DatasetSnapshot, admin: User, square_model: Path
) -> None:
    live = install(family, square_model)
    run = ask(family, snapshot, admin)
    ModelVersion.objects.filter(pk=live.pk).update(training_run=run)
    family.refresh_from_db()

    def warned(**chosen: Any) -> str:
        facts = training_estimate(family=family, snapshot=snapshot, chosen={**CONFIG, **chosen})
        return str(facts["warm_start_warning"])

    reader_withdraw(reader=admin, reason="mixed labels up", withdrawn=True, by=admin)
    assert warned(warm_start=True) == "", "they had no hand in these cases"
    study = Study.objects.get(study_instance_uid=next(iter(snapshot_cases(snapshot))).study_instance_uid)
    patient_withdraw(patient=study.patient, reason="asked for it", withdrawn=True, by=admin)
    assert warned() == "", "it starts from the beginning"
    assert warned(warm_start=True).startswith("Version 1 learned from a patient who was withdrawn")


def test_asking_twice_for_the_same_training_starts_it_once(
    family: ModelFamily, snapshot: DatasetSnapshot, admin: User
) -> None:
    run = ask(family, snapshot, admin)
    assert ask(family, snapshot, admin) == run
    assert ask(family, snapshot, admin, seed=9) != run


def test_settings_and_datasets_that_do_not_fit_are_refused_before_anything_starts(
    project: Project, family: ModelFamily, snapshot: DatasetSnapshot, admin: User
) -> None:
    for chosen in ({"epochs": 0}, {"image_shape": [33, 48]}, {"threads": 64}, {"preset": ["tiny"]}, {"recipe": "x"}):
        with pytest.raises(Invalid):
            ask(family, snapshot, admin, **chosen)
    other = freeze(project, {}, name="other", question="segmentation")
    with pytest.raises(Invalid, match="asks for painted structures"):
        ask(family, other, admin)
    with pytest.raises(Invalid, match="no training"):
        ask(family, freeze(project, {}, name="empty"), admin)
    assert not TrainingRun.objects.exists()


@pytest.mark.django_db(transaction=True)  # long enough for a heartbeat, which has a connection of its own
def test_the_estimate_is_a_range_that_narrows_once_trainings_were_measured(
    family: ModelFamily, snapshot: DatasetSnapshot, admin: User
) -> None:
    before = training_estimate(family=family, snapshot=snapshot, chosen=CONFIG)
    assert before["seconds_low"] < before["seconds"] < before["seconds_high"]
    assert before["measured_runs"] == 0
    run = ask(family, snapshot, admin, epochs=12)
    assert run.job is not None
    run_job(str(run.job.pk))
    after = training_estimate(family=family, snapshot=snapshot, chosen=CONFIG)
    assert after["measured_runs"] == 1
    assert after["sentences"] == ["Measured in 1 earlier training of this kind here."]
    assert after["steps"] == 6
    square = after["proof"]["labels"]["square"]
    assert (square["positive"], square["negative"]) == (3, 3)
    assert (square["passes_if_equal"], after["proof"]["can_pass"]) == (0.0, False)
    assert (square["missing_positive"], square["missing_negative"]) == (33, 33)
    assert "33 more with it and 33 more without it" in after["proof"]["sentences"][0]
    twice = training_estimate(family=family, snapshot=snapshot, chosen={**CONFIG, "epochs": 6000 // 12})
    assert twice["seconds"] - 2 > (after["seconds"] - 2) * 10, "beside two seconds to begin with"


def test_every_step_of_a_training_is_in_the_audit_trail(
    family: ModelFamily, snapshot: DatasetSnapshot, admin: User
) -> None:
    run = ask(family, snapshot, admin, epochs=1)
    training_cancel(run=run, by=admin)
    training_resume(run=run, by=admin)
    assert run.job is not None
    run_job(str(run.job.pk))
    kinds = list(AuditEvent.objects.filter(object_id=str(run.pk)).order_by("id").values_list("event_type", flat=True))
    assert kinds == ["training.requested", "training.cancelled", "training.resumed", "training.finished"]

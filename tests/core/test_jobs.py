"""Jobs survive what happens to workers and messages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from core import jobs
from core.errors import Conflict, Invalid
from core.models import Job, User

pytestmark = pytest.mark.django_db(transaction=True)
seen: list[str] = []


@jobs.job(kind="test_note", attempts=2)
def _note(context: jobs.JobContext, *, word: str) -> None:
    seen.append(word)
    context.progress(at_once=True, said=word)
    if word == "refuse":
        raise Invalid("word_refused", "Say something else.")
    if word == "crash":
        raise RuntimeError("boom")
    if word == "wait":
        while True:
            jobs.job_cancel(job=Job.objects.get(pk=context.job_id), by=User.objects.get())
            context._asked_at = 0
            context.check()


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()


def test_the_same_work_asked_for_twice_is_one_job_and_runs_once() -> None:
    first = jobs.job_request(kind="test_note", arguments={"word": "hello"})
    assert jobs.job_request(kind="test_note", arguments={"word": "hello"}) == first
    assert jobs.run_job(str(first.pk))
    assert not jobs.run_job(str(first.pk)), "a message that comes twice finds nothing to do"
    first.refresh_from_db()
    assert (first.state, first.progress, seen) == ("succeeded", {"said": "hello"}, ["hello"])


def test_a_coded_error_fails_the_job_with_its_code_and_is_not_tried_again() -> None:
    row = jobs.job_request(kind="test_note", arguments={"word": "refuse"})
    jobs.run_waiting_jobs()
    row.refresh_from_db()
    assert (row.state, row.error_code, row.attempt) == ("failed", "word_refused", 1)


def test_a_crash_is_tried_again_and_then_given_up_with_a_code() -> None:
    row = jobs.job_request(kind="test_note", arguments={"word": "crash"})
    for _ in range(2):
        Job.objects.update(not_before=timezone.now())
        jobs.run_waiting_jobs()
    row.refresh_from_db()
    assert (row.state, row.error_code, len(seen)) == ("failed", "job_crashed", 2)
    assert "boom" not in row.error_message


def test_a_job_whose_worker_died_is_taken_by_another() -> None:
    row = jobs.job_request(kind="test_note", arguments={"word": "again"})
    assert jobs._claim(str(row.pk)) is not None, "a worker takes it, and dies"
    assert not jobs.run_job(str(row.pk)), "nobody else gets it while the lease holds"
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.jobs_sweep() == 1
    assert jobs.run_job(str(row.pk))
    row.refresh_from_db()
    assert (row.state, row.attempt) == ("succeeded", 2)


def test_a_worker_that_lost_its_lease_cannot_finish_the_job() -> None:
    row = jobs.job_request(kind="test_note", arguments={"word": "late"})
    late = jobs._claim(str(row.pk))
    assert late is not None
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs._claim(str(row.pk)) is not None
    assert late.should_stop()
    assert jobs._finish(late, Job.State.SUCCEEDED) is None


def test_a_job_that_kills_every_worker_is_given_up_by_the_sweep() -> None:
    row = jobs.job_request(kind="test_note", arguments={"word": "poison"})
    for _ in range(2):
        assert jobs._claim(str(row.pk)) is not None
        Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    jobs.jobs_sweep()
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("failed", "job_lost")


def test_a_waiting_job_is_cancelled_at_once_and_a_finished_one_cannot_be(admin: User) -> None:
    row = jobs.job_request(kind="test_note", arguments={"word": "never"})
    assert jobs.job_cancel(job=row, by=admin).state == "cancelled"
    assert jobs.run_waiting_jobs() == 0
    with pytest.raises(Conflict, match="already over"):
        jobs.job_cancel(job=row, by=admin)


def test_a_running_job_stops_when_it_is_cancelled(admin: User) -> None:
    row = jobs.job_request(kind="test_note", arguments={"word": "wait"})
    jobs.run_waiting_jobs()
    row.refresh_from_db()
    assert row.state == "cancelled"


def test_a_message_that_comes_again_runs_no_job_more_often_than_it_may() -> None:
    row = jobs.job_request(kind="test_note", arguments={"word": "hello"})
    Job.objects.update(state="running", attempt=2, lease_until=timezone.now() - timedelta(seconds=1))
    assert not jobs.run_job(str(row.pk))
    assert seen == []


def test_a_machine_whose_clock_is_ahead_takes_nobodys_job(monkeypatch: pytest.MonkeyPatch) -> None:
    row = jobs.job_request(kind="test_note", arguments={"word": "slow"})
    Job.objects.update(attempt=1)
    assert jobs._claim(str(row.pk)) is not None, "its last attempt, with the whole lease left"
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(hours=1))
    assert jobs.jobs_sweep() == 0
    assert jobs._claim(str(row.pk)) is None
    row.refresh_from_db()
    assert row.state == "running"


def test_asking_for_a_job_that_ends_at_that_moment_makes_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's job of the same kind is active when the row is made, and over when it is looked for."""
    other = jobs.job_request(kind="test_note", arguments={"word": "hello"})
    looked: list[int] = []
    first = type(Job.objects.all()).first

    def too_early(rows: object) -> Job | None:
        looked.append(1)
        if len(looked) == 1:
            return None
        if len(looked) == 2:
            Job.objects.filter(pk=other.pk).update(state="succeeded")
        return first(rows)  # type: ignore[arg-type]

    monkeypatch.setattr(type(Job.objects.all()), "first", too_early)
    made = jobs.job_request(kind="test_note", arguments={"word": "hello"})
    assert made.pk != other.pk
    assert made.state == "queued"

"""The trail is verified while people work; one transaction writes to one chain, so that none waits in a ring."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction

from core import audit
from core.audit_kinds import AuditKind
from core.models import AuditChain, AuditEvent

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db(transaction=True)


def _in_threads(*works: Callable[[], None]) -> list[BaseException]:
    """Run the works at once, each with its own connection; returns what they raised."""
    raised: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_events_that_are_written_meanwhile_are_no_tampering(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event is committed after each chain's head was read, and before its events are."""
    for number in range(3):
        audit.record(AuditKind.FINDING_REVISED, actor=None, object_id=number)
    original = AuditEvent.objects.filter

    def slow(*args: object, **wanted: object) -> object:
        if "chain" in wanted:
            for chain in AuditChain.objects.all():
                _write_into(chain.name)
        return original(*args, **wanted)

    monkeypatch.setattr(AuditEvent.objects, "filter", slow)
    result = audit.verify()
    assert result.broken == []
    monkeypatch.undo()
    assert audit.verify().events > 3


def _write_into(name: str) -> None:
    with transaction.atomic():
        transaction.on_commit(audit._ChainTaken(name))
        audit.record(AuditKind.FINDING_REVISED, actor=None, object_id="meanwhile")


def test_an_event_put_behind_the_end_of_a_chain_is_found() -> None:
    event = audit.record(AuditKind.FINDING_REVISED, actor=None, object_id="one")
    forged = AuditEvent.objects.get(pk=event.pk)
    forged.pk, forged.sequence, forged.previous_hash = None, event.sequence + 1, event.hash
    forged.hash = "f" * 64
    forged.save(force_insert=True)
    assert [one["fault"] for one in audit.verify().broken] == ["event 2 stands behind the end of the chain"]


def test_one_transaction_writes_to_one_chain_and_forgets_it_with_a_rollback() -> None:
    with transaction.atomic():
        for number in range(20):
            audit.record(AuditKind.FINDING_REVISED, actor=None, object_id=number)
    assert AuditEvent.objects.values("chain").distinct().count() == 1
    with transaction.atomic():
        try:
            with transaction.atomic():
                first = audit.record(AuditKind.FINDING_REVISED, actor=None, object_id="a")
                raise ValueError
        except ValueError:
            pass
        assert not AuditEvent.objects.filter(pk=first.pk).exists()
        audit.record(AuditKind.FINDING_REVISED, actor=None, object_id="b")
    assert audit.verify().intact


def test_many_workers_with_many_events_each_never_wait_in_a_ring() -> None:
    def work(worker: int) -> Callable[[], None]:
        def run() -> None:
            for batch in range(10):
                with transaction.atomic():
                    for number in range(6):
                        audit.record(AuditKind.FINDING_REVISED, actor=None, object_id=f"{worker}.{batch}.{number}")

        return run

    assert _in_threads(*(work(number) for number in range(4))) == []
    assert AuditEvent.objects.count() == 4 * 10 * 6
    assert audit.verify().intact

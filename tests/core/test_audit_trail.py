"""The audit trail cannot be altered without being found out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from core import audit
from core.audit_kinds import AuditKind
from core.models import AuditChain, AuditEvent, User

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.django_db


@pytest.fixture
def trail(radiologist: User) -> list[AuditEvent]:
    return [audit.record(AuditKind.FINDING_REVISED, actor=radiologist, object_id=number) for number in range(6)]


def _unlocked(statement: str, *arguments: object) -> None:
    """Do what a database superuser could do: without the trigger."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER core_auditevent_append_only")
        else:
            cursor.execute("ALTER TABLE core_auditevent DISABLE TRIGGER core_auditevent_append_only")
        cursor.execute(statement, arguments)


def test_an_untouched_trail_is_whole(trail: list[AuditEvent]) -> None:
    found = audit.verify()
    assert found.intact
    assert found.events == 6


def test_the_database_refuses_to_change_an_event(trail: list[AuditEvent]) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEvent.objects.filter(pk=trail[2].pk).update(outcome="nothing happened")


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE core_auditevent SET outcome = 'nothing' WHERE id = %s", "event 3 was altered"),
        ("DELETE FROM core_auditevent WHERE id = %s", "event 3 is missing"),
        ("UPDATE core_auditevent SET sequence = 99 WHERE id = %s", "event 3 is missing"),
    ],
)
def test_tampering_is_found_at_its_place(trail: list[AuditEvent], statement: str, fault: str) -> None:
    _unlocked(statement, trail[2].pk)
    assert [broken["fault"] for broken in audit.verify().broken] == [fault]


def test_a_cut_off_end_is_found(trail: list[AuditEvent]) -> None:
    _unlocked("DELETE FROM core_auditevent WHERE id = %s", trail[-1].pk)
    assert "cut off after event 5" in audit.verify().broken[0]["fault"]


def test_a_cut_off_end_is_found_even_when_the_head_was_altered_too(trail: list[AuditEvent]) -> None:
    audit.witness_heads()
    _unlocked("DELETE FROM core_auditevent WHERE id = %s", trail[-1].pk)
    AuditChain.objects.filter(name=trail[0].chain).update(sequence=5, head=trail[-2].hash)
    assert "witness" in audit.verify().broken[0]["fault"]


def test_an_event_is_not_kept_when_what_it_records_fails(radiologist: User) -> None:
    def fail() -> None:
        audit.record(AuditKind.FINDING_REVISED, actor=radiologist)
        raise RuntimeError

    with pytest.raises(RuntimeError), transaction.atomic():
        fail()
    assert audit.verify().events == 0


def test_a_copy_of_the_witness_file_finds_what_was_rewritten_everywhere_else(
    trail: list[AuditEvent], own_data_folder: Path, tmp_path: Path
) -> None:
    audit.witness_heads()
    kept = own_data_folder / "audit" / "heads.jsonl"
    elsewhere = tmp_path / "elsewhere.jsonl"
    elsewhere.write_bytes(kept.read_bytes())
    _unlocked("DELETE FROM core_auditevent WHERE id = %s", trail[-1].pk)
    AuditChain.objects.filter(name=trail[0].chain).update(sequence=5, head=trail[-2].hash)
    kept.unlink()
    call_command("verify_audit")
    with pytest.raises(CommandError, match="the witness file knows event 6, the chain ends at 5"):
        call_command("verify_audit", witness=elsewhere)
    elsewhere.write_text("half a li")
    with pytest.raises(CommandError, match="damaged"):
        call_command("verify_audit", witness=elsewhere)
    with pytest.raises(CommandError, match="There is no"):
        call_command("verify_audit", witness=tmp_path / "nothing")

"""The audit trail: append-only, hash-chained, verified.

Each event belongs to one of a few chains; its hash covers its own canonical JSON and the hash before it, so an
edit, a deletion, an insertion or a reordering breaks the chain at that place. The chain's head row (and the heads
written to a witness file from time to time) betray a cut tail. Events hold no patient values: ids and digests only.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from core import context
from core.audit_kinds import AuditKind
from core.digest import digest_of
from core.models import AuditChain, AuditEvent, Project, User

CHAINS = 8
_ZERO = "0" * 64


def _body(event: AuditEvent) -> dict[str, Any]:
    return {
        "chain": event.chain,
        "sequence": event.sequence,
        "occurred_at": event.occurred_at.isoformat(),
        "event_type": event.event_type,
        "action": event.action,
        "outcome": event.outcome,
        "actor_id": event.actor_id,
        "actor_role": event.actor_role,
        "source": event.source,
        "object_kind": event.object_kind,
        "object_id": event.object_id,
        "project_id": event.project_id,
        "detail": event.detail,
        "request_id": event.request_id,
        "previous_hash": event.previous_hash,
    }


def record(
    kind: AuditKind,
    *,
    actor: User | None,
    object_kind: str = "",
    object_id: object = "",
    project: Project | None = None,
    outcome: str = "success",
    detail: dict[str, Any] | None = None,
) -> AuditEvent:
    """Append one event. Call it inside the transaction of what it records: both are kept, or neither.

    Args:
        kind: what was done; the action goes with it.
        actor: the user, or None for the system itself.
        detail: JSON-ready ids, digests and counts; never patient values.
    """
    request = context.current()
    with transaction.atomic():
        name = _chain_of_this_transaction(str(actor.pk) if actor else str(object_id))
        AuditChain.objects.get_or_create(name=name)
        chain = AuditChain.objects.select_for_update().get(name=name)
        event = AuditEvent(
            chain=name,
            sequence=chain.sequence + 1,
            occurred_at=timezone.now(),
            event_type=kind.value,
            action=kind.action,
            outcome=outcome,
            actor_id=str(actor.pk) if actor else "",
            actor_role=actor.role if actor else "system",
            source=request.source[:64],
            object_kind=object_kind,
            object_id=str(object_id)[:128],
            project_id=str(project.pk) if project else "",
            detail=json.loads(json.dumps(detail or {}, default=str)),
            request_id=request.request_id,
            previous_hash=chain.head,
        )
        event.hash = digest_of(_body(event))
        event.save(force_insert=True)
        chain.sequence, chain.head = event.sequence, event.hash
        chain.save(update_fields=["sequence", "head"])
    return event


class _ChainTaken:
    """Remembers, as a hook of the open transaction, which chain its events go to."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self) -> None:
        """Nothing is left to do at the commit: the transaction forgets its hooks."""


def _chain_of_this_transaction(seed: str) -> str:
    """Return the one chain of the open transaction, chosen by ``seed`` when it has none yet.

    A transaction that locked several chains, in the order of its events, would sooner or later wait for one that
    waits for it. The hooks of a transaction (or savepoint) that is rolled back go with it, and so do its locks.
    """
    for _, hook, *_ in connection.run_on_commit:
        if isinstance(hook, _ChainTaken):
            return hook.name
    name = f"chain-{zlib.crc32(seed.encode()) % CHAINS}"
    transaction.on_commit(_ChainTaken(name))
    return name


@dataclass
class Verification:
    """What ``verify`` found. ``broken`` lists the first bad place of each broken chain."""

    events: int = 0
    broken: list[dict[str, Any]] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        """True when no chain is broken."""
        return not self.broken


def _verify_chain(name: str, witnessed: dict[int, str]) -> tuple[int, str | None]:
    """Verify one chain up to its head as it is now, though others go on writing to it.

    An event and the head that counts it are committed together. So the head is read first and its events after it;
    what lies behind that head is new, or, if the head that is read after it does not count it, was put there.
    """
    head = AuditChain.objects.filter(name=name).first() or AuditChain(name=name)
    events = AuditEvent.objects.filter(chain=name).order_by("sequence")
    count, previous, last = 0, _ZERO, 0
    for event in events.filter(sequence__lte=head.sequence).iterator(chunk_size=2000):
        count += 1
        if event.sequence != last + 1:
            return count, f"event {last + 1} is missing"
        if event.previous_hash != previous or digest_of(_body(event)) != event.hash:
            return count, f"event {event.sequence} was altered"
        if witnessed.get(event.sequence, event.hash) != event.hash:
            return count, f"event {event.sequence} differs from the witness file"
        previous, last = event.hash, event.sequence
    if (last, previous) != (head.sequence, head.head):
        return count, f"the end of the chain was cut off after event {last}"
    if witnessed and max(witnessed) > last:
        return count, f"the witness file knows event {max(witnessed)}, the chain ends at {last}"
    newest = events.order_by("-sequence").values_list("sequence", flat=True).first() or 0
    counted = AuditChain.objects.filter(name=name).values_list("sequence", flat=True).first() or 0
    if newest > counted:
        return count, f"event {newest} stands behind the end of the chain"
    return count, None


def verify(witness: Path | None = None) -> Verification:
    """Recompute every hash of every chain, and compare with the witness file where there is one.

    Events that are written meanwhile are left to the next verification.

    Args:
        witness: a copy of the witness file that was kept elsewhere; its heads count before those in the data folder.
    """
    result = Verification()
    witnessed = _witnessed_heads(_witness_path())
    for name, heads in (_witnessed_heads(witness) if witness else {}).items():
        witnessed.setdefault(name, {}).update(heads)
    known = set(AuditChain.objects.values_list("name", flat=True))
    names = known | set(witnessed) | set(AuditEvent.objects.values_list("chain", flat=True).distinct())
    for name in sorted(names):
        count, fault = _verify_chain(name, witnessed.get(name, {}))
        result.events += count
        if fault:
            result.broken.append({"chain": name, "fault": fault})
    return result


def _witness_path() -> Path:
    return Path(settings.OVERREAD_DATA_DIR) / "audit" / "heads.jsonl"


def _witnessed_heads(path: Path) -> dict[str, dict[int, str]]:
    heads: dict[str, dict[int, str]] = {}
    if path.is_file():
        for line in path.read_text().splitlines():
            head = json.loads(line)
            heads.setdefault(head["chain"], {})[head["sequence"]] = head["head"]
    return heads


def witness_heads() -> int:
    """Append the present heads to the witness file (to be kept outside the database); returns how many."""
    path = _witness_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    chains = list(AuditChain.objects.order_by("name"))
    with path.open("a") as stream:
        for chain in chains:
            entry = {"chain": chain.name, "sequence": chain.sequence, "head": chain.head}
            stream.write(json.dumps(entry) + "\n")
    return len(chains)

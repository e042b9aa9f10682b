"""Long work of this room."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connection

from annotations.models import SnapshotRequest
from annotations.services.snapshot_requests import KIND, snapshot_answer
from annotations.services.snapshots import pictures_compare, snapshot_freeze, snapshot_preview
from core.errors import Invalid, NotFound
from core.jobs import JobContext, JobStopped, job

if TYPE_CHECKING:
    from collections.abc import Callable

#: What is over sooner is told by its end.
_SECONDS_BEFORE, _SECONDS_BETWEEN = 2.0, 0.5


class _Teller:
    """Tells how far the work is from a thread of its own: the work reads one moment of the database, and writes none.

    Asked with each step whether to go on, it raises JobStopped; whether somebody cancelled is looked up by the thread.
    """

    def __init__(self, context: JobContext) -> None:
        self.context = context
        self._numbers: dict[str, Any] = {}
        self._over, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshot-teller", daemon=True)

    def _run(self) -> None:
        if self._over.wait(_SECONDS_BEFORE):
            return
        while not self._over.wait(_SECONDS_BETWEEN):
            try:
                self.context.progress(**self._numbers)
                if self.context.should_stop():
                    self._stop.set()
            except DatabaseError:  # a busy database hears of it next time
                continue
        connection.close()

    def phase(self, name: str) -> Callable[[int, int], None]:
        """Return what is to be told ``(done, all)`` in this phase."""

        def tell(done: int, of: int) -> None:
            self._numbers = {"phase": name, "done": done, "of": of}
            if self._stop.is_set():
                raise JobStopped

        tell(0, 0)
        return tell

    def __enter__(self) -> _Teller:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=1)


@job(kind=KIND)
def run_snapshot(context: JobContext, *, request_id: str) -> None:
    """Answer one request: look at pictures nobody looked at, then count, or freeze."""
    rows = SnapshotRequest.objects.select_related("project", "requested_by")
    request = rows.filter(pk=request_id).first()
    if request is None:
        raise NotFound("snapshot_request_not_found", "The request was removed before it was answered.")
    asked: dict[str, Any] = {"question": request.question, "label_keys": request.label_keys, "project": request.project}
    with _Teller(context) as teller:
        pictures_compare(project=request.project, on_progress=teller.phase("pictures"))
        counting = teller.phase("cases")
        if request.kind == SnapshotRequest.Kind.PREVIEW:
            snapshot_answer(request=request, result=snapshot_preview(**asked, on_progress=counting))
            return
        try:
            frozen = snapshot_freeze(**asked, name=request.name, by=request.requested_by, on_progress=counting)
        except Invalid as refused:
            snapshot_answer(request=request, result={"code": refused.code, **refused.detail})
            raise
        snapshot_answer(request=request, snapshot=frozen)

"""Batches that are made beside the training, so that it does not wait for them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Final, Self

from inference.engine.recipe import Batch

#: Batches that are made before they are asked for, beside those that are being made.
_AHEAD: Final = 2

Maker = Callable[[], Batch]


class Loader:
    """Makes batches on threads of its own and hands them out in their order.

    Threads, not processes: what a batch takes (reading, decoding, resampling) runs outside of Python's lock, and the
    cases that were read are kept once for all of them (``benchmarks/training_loop.py`` compares the two).

    Args:
        makers: what makes each batch, in order; a batch does not depend on when or where it is made.
        threads: how many batches are made at once; 0: each when it is asked for.
    """

    def __init__(self, makers: Iterable[Maker], threads: int) -> None:
        self._makers = iter(makers)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="loader") if threads else None
        self._coming: deque[Future[Batch]] = deque()
        self._ahead = threads + _AHEAD
        #: Seconds that the training waited for batches so far.
        self.waited = 0.0

    def __enter__(self) -> Self:
        self._order()
        return self

    def __exit__(self, *raised: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def take(self) -> Batch:
        """Return the next batch; what making it raised is raised here."""
        began = time.monotonic()
        try:
            if self._pool is None:
                return next(self._makers)()
            batch = self._coming.popleft().result()
            self._order()
            return batch
        finally:
            self.waited += time.monotonic() - began

    def _order(self) -> None:
        if self._pool is not None:
            ordered: Iterator[Maker] = islice(self._makers, self._ahead - len(self._coming))
            self._coming.extend(self._pool.submit(maker) for maker in ordered)

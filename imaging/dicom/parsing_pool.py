"""A few parsing children, kept alive between files, killed and replaced when a file kills or stalls them."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any, Final

from imaging.dicom.parsed import ParsedInstance
from imaging.dicom.refusals import REFUSALS, Refused, refusal

WALL_SECONDS: Final = 20.0
_START_SECONDS: Final = 60.0
#: A child is replaced after so many files, so that nothing a decoder leaks piles up.
_FILES_A_CHILD: Final = 500
_ROOT: Final = Path(__file__).resolve().parents[2]
_ANSWER_LIMIT: Final = 64 * 1024 * 1024


class _Child:
    """One child process and its two pipes."""

    def __init__(self) -> None:
        # The child needs no secret of this process, and numeric libraries need no threads for one file.
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR", "HOME") if name in os.environ}
        threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "imaging.dicom.parsing_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env=kept | threads | {"PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
        )
        self.files = 0
        self._rest = b""
        self._line(_START_SECONDS)

    def ask(self, request: dict[str, str], seconds: float) -> dict[str, Any]:
        """Send one request and return its answer; raises Refused (parse_timeout, parse_crashed)."""
        self.files += 1
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise refusal("parse_crashed") from None
        answer = json.loads(self._line(seconds))
        if not isinstance(answer, dict):
            raise refusal("parse_crashed")
        return answer

    def _line(self, seconds: float) -> bytes:
        assert self.process.stdout is not None
        descriptor, until = self.process.stdout.fileno(), time.monotonic() + seconds
        parts = [self._rest]
        total = len(self._rest)
        while b"\n" not in parts[-1]:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise refusal("parse_timeout")
            piece = os.read(descriptor, 1 << 16)
            total += len(piece)
            if not piece or total > _ANSWER_LIMIT:
                self.process.wait(timeout=5)
                raise refusal("parse_timeout" if self.process.returncode == -signal.SIGXCPU else "parse_crashed")
            parts.append(piece)
        line, _, self._rest = b"".join(parts).partition(b"\n")
        return line

    def alive(self) -> bool:
        return self.process.poll() is None and self.files < _FILES_A_CHILD

    def kill(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        with contextlib.suppress(OSError):
            self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=5)


class ParsingPool:
    """Parses files in child processes, at most ``size`` at a time; threads wait for their turn.

    Args:
        size: how many children.
        wall_seconds: after this long on one file a child is killed.
    """

    def __init__(self, size: int, wall_seconds: float = WALL_SECONDS) -> None:
        self.wall_seconds = wall_seconds
        self._places: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(size):
            self._places.put(None)

    def parse(self, path: Path, header_path: Path) -> ParsedInstance:
        """Parse one file.

        Args:
            path: the file, absolute.
            header_path: an existing file into which the compressed header is written.

        Raises:
            Refused: the file is not taken; the code says why.
        """
        place = self._places.get()
        child: _Child | None = None
        try:
            if place is not None and not place.alive():
                place.kill()
                place = None
            child = place or _Child()
            answer = child.ask({"path": str(path), "header_path": str(header_path)}, self.wall_seconds)
        except Refused:
            if child is not None:
                child.kill()
            child = None
            raise
        except Exception:
            if child is not None:
                child.kill()
            child = None
            raise refusal("parse_crashed") from None
        finally:
            self._places.put(child)
        if "refused" in answer:
            code = str(answer["refused"]["code"])
            raise Refused(code, str(answer["refused"].get("message") or REFUSALS[code]))
        return ParsedInstance.from_json(answer["parsed"])

    def close(self) -> None:
        """End the children that are not at work."""
        for _ in range(self._places.qsize()):
            with contextlib.suppress(queue.Empty):
                child = self._places.get_nowait()
                if child is not None:
                    child.kill()
                self._places.put(None)


@cache
def shared_pool() -> ParsingPool:
    """Return this process's pool, made on first use."""
    pool = ParsingPool(size=max(1, min(2, os.cpu_count() or 1)))
    atexit.register(pool.close)
    return pool


# A forked worker must not share the pipes of its parent's children.
os.register_at_fork(after_in_child=shared_pool.cache_clear)

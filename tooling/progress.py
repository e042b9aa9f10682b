"""Run a step with its name, what it says and how long it took on the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import deque
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_INTERACTIVE = sys.stdout.isatty()
_STARTED = time.monotonic()


def clock(seconds: float) -> str:
    """Write seconds as ``m:ss``."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def say(text: str) -> None:
    """Print one line with the time since the start."""
    print(f"[{clock(time.monotonic() - _STARTED)}] {text}", flush=True)


class StepFailed(Exception):
    """A step ended with an error; its last lines are in the message."""


class _Ticker(threading.Thread):
    """Shows that a step is alive: a moving line on a terminal, a line every 20 s elsewhere."""

    def __init__(self, title: str, started: float) -> None:
        super().__init__(daemon=True)
        self.title, self.started = title, started
        self.last = ""
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.5 if _INTERACTIVE else 20.0):
            took = clock(time.monotonic() - self.started)
            if _INTERACTIVE:
                print(f"\r\033[K  … {self.title} ({took})  {self.last[:70]}", end="", flush=True)
            else:
                say(f"  … {self.title} ({took})  {self.last[:90]}")

    def stop(self) -> None:
        self._over.set()
        self.join()
        if _INTERACTIVE:
            print("\r\033[K", end="", flush=True)


def _drain(pipe: IO[str], tail: deque[str], ticker: _Ticker) -> None:
    for line in pipe:
        stripped = line.rstrip()
        if stripped:
            tail.append(stripped)
            ticker.last = stripped


def run_step(
    title: str, command: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> str:
    """Run ``command`` quietly, showing the title, its last line and the elapsed time.

    Returns:
        The last 200 lines it wrote.

    Raises:
        StepFailed: it exited with an error; the message holds its last 40 lines.
    """
    say(f"→ {title}")
    started = time.monotonic()
    tail: deque[str] = deque(maxlen=200)
    ticker = _Ticker(title, started)
    ticker.start()
    try:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        assert process.stdout is not None
        _drain(process.stdout, tail, ticker)
        code = process.wait()
    finally:
        ticker.stop()
    if code:
        raise StepFailed(f"{title} failed (exit {code}).\n" + "\n".join(list(tail)[-40:]))
    say(f"✓ {title} ({clock(time.monotonic() - started)})")
    return "\n".join(tail)


def run_shown(title: str, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> None:
    """Run ``command`` with its own output on the terminal; raises StepFailed."""
    say(f"→ {title}")
    started = time.monotonic()
    code = subprocess.call([str(part) for part in command], env={**os.environ, **(env or {})})
    if code:
        raise StepFailed(f"{title} failed (exit {code}).")
    say(f"✓ {title} ({clock(time.monotonic() - started)})")

"""One command that starts web, workers, beat and the bundled broker, keeps them running, and stops them all.

Each child is the leader of a process group of its own, so that nothing it started outlives it; on Linux the kernel
ends it when the supervisor itself is killed. The rules are plain: a child that ends is started again after a pause
that doubles (1 s … 30 s) and is forgiven after a minute of good running.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_PR_SET_PDEATHSIG = 1
_LONGEST_PAUSE = 30.0
_FORGIVEN_AFTER = 60.0
_LOG_LIMIT = 10 * 1024 * 1024


def end_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies (Linux; elsewhere a no-op). Runs in the child."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def bindable(host: str, port: int) -> int:
    """Return ``port`` (0: any free one) when this process may listen on it; raises OSError where it may not."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return int(probe.getsockname()[1])


def free_port(host: str, wanted: int) -> int:
    """Return ``wanted`` when it is free on ``host``, else the next free one of the following hundred, else any."""
    for port in [*range(wanted, min(wanted + 100, 65536)), 0]:
        with contextlib.suppress(OSError):
            return bindable(host, port)
    raise OSError(f"No port is free on {host}.")


@dataclass(frozen=True)
class Part:
    """One process to keep running.

    Attributes:
        stop_signal: what asks it politely to end.
        patience: seconds to wait after asking before its whole group is killed.
        ask_group: ask every process of the group, not only the first (a Celery parent tells its children nothing).
    """

    name: str
    command: Sequence[str]
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 8.0
    ask_group: bool = False


@dataclass
class _Running:
    part: Part
    process: subprocess.Popen[bytes] | None = None
    log: IO[bytes] | None = None
    started_at: float = 0.0
    not_before: float = 0.0
    pause: float = 1.0
    restarts: int = 0


@dataclass
class Supervisor:
    """Starts parts in order, restarts those that end, stops all in reverse order.

    Args:
        log_dir: where each part's output is appended to ``<name>.log``.
        env: environment of the parts on top of this process's own.
        say: prints a line for the person at the terminal.
    """

    log_dir: Path
    env: Mapping[str, str] = field(default_factory=dict)
    say: Callable[[str], None] = print
    clock: Callable[[], float] = time.monotonic
    _parts: list[_Running] = field(default_factory=list)
    _asked_to_stop: bool = False

    def start(self, part: Part) -> None:
        """Start a part and look after it from now on."""
        running = _Running(part)
        self._parts.append(running)
        self._spawn(running)

    def _spawn(self, running: _Running) -> None:
        self.log_dir.mkdir(parents=True, exist_ok=True)
        path = self.log_path(running.part.name)
        if path.exists() and path.stat().st_size > _LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        running.log = path.open("ab")
        running.started_at = self.clock()
        running.process = subprocess.Popen(
            list(running.part.command),
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            stdout=running.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent,  # safe: this process has one thread
        )

    def log_path(self, name: str) -> Path:
        """Return where the output of a part goes."""
        return self.log_dir / f"{name}.log"

    def log_tail(self, name: str, lines: int = 20) -> str:
        """Return the last lines of a part's output."""
        path = self.log_path(name)
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def pids(self) -> dict[str, int]:
        """Return the process ids of the parts that run now."""
        return {r.part.name: r.process.pid for r in self._parts if r.process and r.process.poll() is None}

    def look_after(self) -> None:
        """Start again what has ended and whose pause is over. Call it a few times a second."""
        now = self.clock()
        for running in self._parts:
            if running.process is not None and running.process.poll() is not None:
                self._note_end(running, now)
            if running.process is None and now >= running.not_before and not self._asked_to_stop:
                running.restarts += 1
                self._spawn(running)

    def _note_end(self, running: _Running, now: float) -> None:
        assert running.process is not None
        code = running.process.returncode
        _kill_group(running.process.pid)
        self._close(running)
        if now - running.started_at > _FORGIVEN_AFTER:
            running.pause = 1.0
        running.not_before = now + running.pause
        self.say(
            f"! {running.part.name} ended (code {code}); starting it again in {running.pause:.0f} s. "
            f"Its output is in {self.log_path(running.part.name)}"
        )
        running.pause = min(running.pause * 2, _LONGEST_PAUSE)

    @staticmethod
    def _close(running: _Running) -> None:
        running.process = None
        if running.log is not None:
            running.log.close()
            running.log = None

    def ask_to_stop(self, *_: object) -> None:
        """Remember that somebody wants to stop (a signal handler may call this)."""
        self._asked_to_stop = True

    def run(self) -> None:
        """Look after the parts until asked to stop, then stop them."""
        try:
            while not self._asked_to_stop:
                self.look_after()
                time.sleep(0.2)
        finally:
            self.stop()

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> bool:
        """Look after the parts until ``ready``; False when time is up or somebody asked to stop."""
        deadline = self.clock() + seconds
        while not self._asked_to_stop and self.clock() < deadline:
            if ready():
                return True
            self.look_after()
            time.sleep(0.1)
        return False

    def stop(self) -> None:
        """Stop all parts, the last started first; a part that does not end in time is killed with its group."""
        self._asked_to_stop = True
        # The broker, started first, goes last: workers say goodbye to it.
        for group in (self._parts[1:], self._parts[:1]):
            for running in reversed(group):
                if running.process is not None and running.process.poll() is None:
                    _ask(running.process.pid, running.part)
            for running in reversed(group):
                self._await_end(running)
        self._parts.clear()

    def _await_end(self, running: _Running) -> None:
        if running.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.process.wait(timeout=running.part.patience)
        _kill_group(running.process.pid)
        running.process.wait()
        self._close(running)


def _ask(pid: int, part: Part) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        (os.killpg if part.ask_group else os.kill)(pid, part.stop_signal)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def answers_health(url: str) -> bool:
    """Say whether the web process answers its health address."""
    try:
        with urllib.request.urlopen(f"{url}/api/v1/system/health", timeout=3) as answer:  # noqa: S310 (our own address)
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        # In production 127.0.0.1 need not be among the allowed hosts; Django answers, and that was the question.
        return error.code == 400
    except (urllib.error.URLError, OSError, ValueError):
        return False


def web_part(*, host: str, port: int, workers: int = 1) -> Part:
    """Return the web process: uvicorn with the ASGI application."""
    command = [sys.executable, "-m", "webapp.server", "--host", host, "--port", str(port), "--workers", str(workers)]
    return Part("web", command)


def worker_part(*, queue: str, processes: int) -> Part:
    """Return a worker for one queue. Its parent never computes: forking after a torch operation hangs the child."""
    command = [sys.executable, "-m", "celery", "-A", "webapp", "worker", "-Q", queue, "-c", str(processes)]
    command += ["-n", f"{queue}@%h", "-P", "prefork", "--without-gossip", "--without-mingle", "-l", "WARNING"]
    return Part(f"worker-{queue}", command, patience=15.0, ask_group=True)


def beat_part() -> Part:
    """Return the clock that rings the sweep."""
    return Part("beat", [sys.executable, "-m", "celery", "-A", "webapp", "beat", "-l", "WARNING"])

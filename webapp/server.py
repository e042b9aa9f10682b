"""``python -m webapp.server``: the web process, with the one set of options that it is served with everywhere."""

from __future__ import annotations

import argparse
from typing import Any

import uvicorn

#: How uvicorn is told to serve us: its own belief in proxies is off, for ``webapp.doors.proxies`` decides that.
OPTIONS: dict[str, Any] = {
    "http": "webapp.doors.protocol:PatientProtocol",
    "ws": "websockets-sansio",
    "proxy_headers": False,
    "server_header": False,
    "access_log": False,
    "timeout_graceful_shutdown": 4,
}


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description="Serve pages, API, DICOMweb and the live socket.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    uvicorn.run(
        "webapp.asgi:application", host=given.host, port=given.port, workers=given.workers, log_level="warning",
        **OPTIONS,
    )  # fmt: skip


if __name__ == "__main__":
    main()

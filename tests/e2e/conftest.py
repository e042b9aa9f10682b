"""A whole house for the browser: the demo, installed and served by the real commands, with real worker processes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.browser import chromium_path, started_browser
from tests.patience import SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent.parent


def _database_of_its_own(environment: dict[str, str]) -> str:
    """Make a fresh PostgreSQL database beside the one named in DATABASE_URL; returns its name, "" on SQLite."""
    url = environment.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        environment.pop("DATABASE_URL", None)
        return ""
    name = f"overread_e2e_{uuid.uuid4().hex[:8]}"
    _administer(url, f'CREATE DATABASE "{name}"')
    environment["DATABASE_URL"] = url.rsplit("/", 1)[0] + f"/{name}"
    return name


def _administer(url: str, statement: str) -> None:
    import psycopg2

    parts = urlsplit(url)
    connection = psycopg2.connect(
        host=parts.hostname, port=parts.port, user=parts.username, password=parts.password, dbname="postgres"
    )
    connection.autocommit = True
    try:
        connection.cursor().execute(statement)
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _answers(url: str, seconds: float, process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/api/v1/system/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"the house does not answer:\n{output.read_text()[-3000:]}")


@pytest.fixture(scope="module")
def house() -> Iterator[str]:
    """Install the demo into a folder (and database) of its own and serve it; yields the URL."""
    if chromium_path() is None:
        pytest.skip("no Chromium on this machine: install Debian's chromium, or name one in OVERREAD_CHROMIUM")
    if not (ROOT / "frontend" / "dist" / "manifest.json").is_file():
        pytest.fail("the front end is not built: run make test, which builds it")
    folder = Path(tempfile.mkdtemp(prefix="ov-e2e-"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OVERREAD_")}
    environment = kept | {"OVERREAD_DATA_DIR": str(folder), "OVERREAD_MODE": "demo", "OVERREAD_LOG_LEVEL": "warning"}
    database = _database_of_its_own(environment)
    manage = [sys.executable, "manage.py"]
    output = folder / "serve.out"
    try:
        subprocess.run([*manage, "demo"], cwd=ROOT, env=environment, check=True)
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        with output.open("wb") as stream:
            process = subprocess.Popen(
                [*manage, "serve", "--port", str(port)], cwd=ROOT, env=environment, stdout=stream, stderr=stream
            )
        try:
            _answers(url, SECONDS, process, output)
            os.environ["OVERREAD_E2E_FOLDER"] = str(folder)
            os.environ["OVERREAD_E2E_DATABASE_URL"] = environment.get("DATABASE_URL", "")
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=SECONDS)
    finally:
        if database:
            _administer(environment["DATABASE_URL"], f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def chromium() -> Browser:
    """One browser for all windows."""
    return started_browser()

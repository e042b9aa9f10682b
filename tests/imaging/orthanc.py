"""A real Orthanc beside the test, configured by the recipe in docs/operations.md word for word."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent.parent
PLACES = ("/usr/share/orthanc/plugins", "/usr/lib/orthanc", "/usr/local/share/orthanc/plugins")


def recipe() -> tuple[dict[str, Any], str]:
    """Return the documented piece of ``orthanc.json``, and the documented command that sends a study."""
    text = (ROOT / "docs" / "operations.md").read_text()
    part = text[text.index("- **Orthanc** with its DICOMweb plugin") :]
    written = re.search(r"```json\n(.*?)```", part, re.DOTALL)
    command = re.search(r"```sh\n(.*?)```", part, re.DOTALL)
    assert written is not None
    assert command is not None
    return json.loads(written.group(1)), command.group(1).strip()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def orthanc_beside(folder: Path, url: str, token: str) -> Iterator[str]:
    """Start Orthanc with the recipe, its address and token filled in; yields Orthanc's own address."""
    program = shutil.which("Orthanc")
    plugin = next((path for place in PLACES if (path := Path(place) / "libOrthancDicomWeb.so").is_file()), None)
    if program is None or plugin is None:
        pytest.skip("no Orthanc with its DICOMweb plugin on this machine (Debian: orthanc, orthanc-dicomweb)")
    given = json.dumps(recipe()[0]).replace("https://overread.example.org", url).replace("TOKEN", token)
    port = _free_port()
    settings = {
        "StorageDirectory": str(folder / "storage"), "IndexDirectory": str(folder / "storage"),
        "HttpPort": port, "DicomServerEnabled": False, "Plugins": [str(plugin)], **json.loads(given),
    }  # fmt: skip
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with (folder / "orthanc.log").open("w") as log:
        process = subprocess.Popen(
            [program, str(folder / "orthanc.json")], stdout=log, stderr=log, start_new_session=True
        )
    try:
        own = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, (folder / "orthanc.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "Orthanc does not answer"
            try:
                requests.get(f"{own}/system", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield own
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)

"""An unmodified OHIF beside the archive: its published build from npm, served from a small application of its own."""

from __future__ import annotations

import mimetypes
import shutil
import subprocess
import tarfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

VERSION = "3.13.2"
_CACHE = Path(__file__).resolve().parents[2] / "var" / "cache"
#: Half of the package: AI models and slide microscopy, which the tests do not open.
_LEFT_OUT = (".map", ".onnx", ".wasm.br")
CONFIGURATION = """
window.config = {
  routerBasename: null, extensions: [], modes: [], customizationService: {}, showStudyList: true,
  maxNumberOfWebWorkers: 2, showWarningMessageForCrossOrigin: false, showCPUFallbackMessage: false,
  strictZSpacingForVolumeViewport: true, showErrorDetails: 'always', defaultDataSourceName: 'overread',
  maxNumRequests: { interaction: 100, thumbnail: 5, prefetch: 25 },
  dataSources: [{
    namespace: '@ohif/extension-default.dataSourcesModule.dicomweb', sourceName: 'overread',
    configuration: {
      friendlyName: 'Overread', name: 'overread',
      wadoUriRoot: '/dicomweb', qidoRoot: '/dicomweb', wadoRoot: '/dicomweb',
      qidoSupportsIncludeField: true, imageRendering: 'wadors', thumbnailRendering: 'wadors',
      enableStudyLazyLoad: true, supportsFuzzyMatching: false, supportsWildcard: true,
      omitQuotationForMultipartRequest: true, bulkDataURI: { enabled: true },
    },
  }],
};
"""
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


def ohif_build() -> Path:
    """Return the folder of OHIF's published build, fetched once; the test is skipped where npm cannot fetch it."""
    folder = _CACHE / f"ohif-app-{VERSION}"
    if (folder / "index.html").is_file():
        return folder
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not here to fetch OHIF")
    _CACHE.mkdir(parents=True, exist_ok=True)
    archive = _CACHE / f"ohif-app-{VERSION}.tgz"
    if not archive.is_file():
        fetched = subprocess.run(
            [npm, "pack", f"@ohif/app@{VERSION}", "--silent"], cwd=_CACHE, capture_output=True, timeout=300, check=False
        )
        if fetched.returncode != 0:
            pytest.skip("OHIF cannot be fetched from the package registry here")
    unpacked = _CACHE / f"ohif-unpacking-{VERSION}"
    with tarfile.open(archive) as package:
        wanted = [member for member in package.getmembers() if not member.name.endswith(_LEFT_OUT)]
        package.extractall(unpacked, members=wanted, filter="data")
    (unpacked / "package" / "dist").rename(folder)
    shutil.rmtree(unpacked)
    return folder


def ohif_beside(archive: Application, build: Path, token: str) -> Application:
    """Return an application that serves OHIF at ``/`` and passes ``/dicomweb`` on to ``archive`` with a token."""
    build = build.resolve()

    async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path.startswith("/dicomweb"):
            headers = [*scope["headers"], (b"authorization", f"Bearer {token}".encode())]
            await archive({**scope, "headers": headers}, receive, send)
            return
        file = (build / path.lstrip("/")).resolve()
        if path == "/app-config.js":
            body, kind = CONFIGURATION.encode(), "text/javascript"
        elif file.is_relative_to(build) and file.is_file():
            body, kind = file.read_bytes(), mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        else:
            body, kind = (build / "index.html").read_bytes(), "text/html"
        start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind.encode())]}
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return application

"""Does any page or answer get slower? Two checkouts, one machine, one run: every figure is taken in turns.

    .venv/bin/python benchmarks/pages_before_and_after.py OTHER_CHECKOUT [--rounds 15]

Each checkout installs its own demo into a folder of its own, is served by its own ``manage.py serve``, and is asked the
same questions by turns; then a browser opens the same cases by turns. Printed are the medians in milliseconds and
their ratio (here / other). The other checkout needs its front end built; both use this checkout's environment.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))


class Client:
    """One logged-in person at one server."""

    def __init__(self, url: str, password: str) -> None:
        self.url, self.password = url, password
        self._cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))
        self.read("/login")  # it gives the CSRF cookie
        self.read("/api/v1/auth/login", body={"username": "demo-admin", "password": password})

    def read(self, path: str, *, body: Any = None, accept: str = "*/*") -> bytes:
        """Return the body of an answer."""
        data = None if body is None else json.dumps(body).encode()
        token = next((cookie.value for cookie in self._cookies if cookie.name == "csrftoken"), "")
        headers = {"Accept": accept, "Content-Type": "application/json", "X-CSRFToken": token or ""}
        request = urllib.request.Request(self.url + path, data=data, headers=headers)  # noqa: S310
        with self._opener.open(request, timeout=60) as answer:
            return bytes(answer.read())

    def json(self, path: str) -> Any:
        """Return the JSON of an answer."""
        return json.loads(self.read(path, accept="application/json"))


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def served(checkout: Path, folder: Path) -> Iterator[str]:
    """Install and serve the demo of a checkout; yields its URL."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OVERREAD_")}
    environment = kept | {"OVERREAD_DATA_DIR": str(folder), "OVERREAD_MODE": "demo", "OVERREAD_LOG_LEVEL": "warning"}
    python = [sys.executable, "manage.py"]
    subprocess.run([*python, "demo"], cwd=checkout, env=environment, check=True)
    port = _free_port()
    with (folder / "serve.out").open("wb") as stream:
        process = subprocess.Popen(
            [*python, "serve", "--port", str(port)], cwd=checkout, env=environment, stdout=stream, stderr=stream
        )
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}/api/v1/system/health", timeout=2)  # noqa: S310
                break
            except OSError:
                time.sleep(0.2)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def questions(client: Client) -> dict[str, Callable[[], object]]:
    """Return what is asked, by name; each answer is read whole."""
    rows = client.json("/api/v1/workitems?project=synthetic-chest&state=submitted&limit=50")["results"]
    case = rows[0]["id"]
    studies = client.json("/dicomweb/studies?ModalitiesInStudy=CT&limit=1") or client.json("/dicomweb/studies?limit=1")
    ct = studies[0]
    study = ct["0020000D"]["Value"][0]
    series = client.json(f"/dicomweb/studies/{study}/series")[0]["0020000E"]["Value"][0]
    root = f"/dicomweb/studies/{study}/series/{series}"
    instance = client.json(f"{root}/instances")[0]["00080018"]["Value"][0]
    frame = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'

    def ask(path: str, accept: str = "application/json") -> Callable[[], object]:
        return lambda: client.read(path, accept=accept)

    return {
        "worklist, 50 rows": ask("/api/v1/workitems?project=synthetic-chest&limit=50"),
        "a case": ask(f"/api/v1/workitems/{case}"),
        "its findings": ask(f"/api/v1/workitems/{case}/findings"),
        "its predictions": ask(f"/api/v1/workitems/{case}/predictions"),
        "models": ask("/api/v1/models"),
        "QIDO, 100 studies": ask("/dicomweb/studies?limit=100", "application/dicom+json"),
        "QIDO by name": ask("/dicomweb/studies?PatientName=*SYN*&limit=50", "application/dicom+json"),
        "series metadata": ask(f"{root}/metadata", "application/dicom+json"),
        "thumbnail": ask(f"{root}/thumbnail?viewport=128,128", "image/jpeg"),
        "rendered": ask(f"{root}/instances/{instance}/rendered", "image/jpeg"),
        "a frame": ask(f"{root}/instances/{instance}/frames/1", frame),
    }


#: Address, and what is on the screen when the page says what it is for.
PAGES = {
    "worklist": ("/worklist?project=synthetic-chest", "worklist-row"),
    "models": ("/models?project=synthetic-chest", "family-consolidation"),
    "datasets": ("/datasets?project=synthetic-chest", "snapshot-preview"),
    "audit": ("/admin/audit", "audit-row"),
}


@contextmanager
def window(browser: Browser, client: Client) -> Iterator[Page]:
    """Open a window of its own in which an admin is logged in."""
    context = browser.new_context(viewport={"width": 1600, "height": 900})
    page = context.new_page()
    page.goto(f"{client.url}/login")
    page.get_by_test_id("login-username").fill("demo-admin")
    page.get_by_test_id("login-password").fill(client.password)
    page.get_by_test_id("login-submit").click()
    page.wait_for_url("**/worklist**")
    try:
        yield page
    finally:
        context.close()


def open_pages(page: Page, client: Client) -> dict[str, float]:
    """Return the milliseconds from the address to what each page is for."""
    taken = {}
    for name, (address, shown) in PAGES.items():
        began = time.perf_counter()
        page.goto(client.url + address)
        page.get_by_test_id(shown).first.wait_for()
        taken[name] = (time.perf_counter() - began) * 1000
    return taken


def open_cases(page: Page, client: Client, cases: int) -> list[float]:
    """Return the milliseconds from the click on a row to its picture and its findings."""
    taken = []
    for number in range(cases):
        page.goto(f"{client.url}/worklist?project=synthetic-chest&state=submitted")
        row = page.get_by_test_id("worklist-row").nth(number)
        row.wait_for()
        began = time.perf_counter()
        row.click()
        page.locator('[data-testid="viewport-picture"] canvas').first.wait_for()
        page.get_by_text("Image 1 / 1").first.wait_for()
        page.get_by_test_id("finding-row").first.wait_for()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    chosen = parser.parse_args()
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    from tests.browser import started_browser
    from webapp.demo.people import DEMO_PASSWORDS

    with ExitStack() as stack:
        clients = []
        for checkout in (HERE, chosen.other.resolve()):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
            url = stack.enter_context(served(checkout, folder))
            clients.append(Client(url, DEMO_PASSWORDS["demo-admin"][0]))
        asked = [questions(client) for client in clients]
        print(f"{'':24}{'here':>10}{'other':>10}{'ratio':>8}")
        for name in asked[0]:
            times: list[list[float]] = [[], []]
            for turn in range(chosen.rounds + 1):
                for side in (0, 1) if turn % 2 else (1, 0):
                    began = time.perf_counter()
                    asked[side][name]()
                    if turn:  # the first warms the caches
                        times[side].append((time.perf_counter() - began) * 1000)
            _print(name, times)
        with started_browser() as browser, ExitStack() as windows:
            pages = [windows.enter_context(window(browser, client)) for client in clients]
            seen: dict[str, list[list[float]]] = {name: [[], []] for name in (*PAGES, "a case")}
            for turn in range(chosen.rounds // 2 + 1):
                for side in (0, 1) if turn % 2 else (1, 0):
                    taken, cases = open_pages(pages[side], clients[side]), open_cases(pages[side], clients[side], 3)
                    if turn:
                        for name, value in taken.items():
                            seen[name][side].append(value)
                        seen["a case"][side] += cases
            for name, opened in seen.items():
                _print(f"{name} on the screen", opened)
    return 0


def _print(name: str, times: list[list[float]]) -> None:
    here, other = (statistics.median(one) for one in times)
    print(f"{name:24}{here:10.1f}{other:10.1f}{here / other:8.2f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

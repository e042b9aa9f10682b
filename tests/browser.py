"""A real Chromium for tests: found on the machine, started headless, held to a silent console."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from tests import patience

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

ARTEFACTS = Path(__file__).resolve().parent.parent / "artefacts"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = [
    "--no-sandbox",
    "--no-first-run",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
#: A refused request is answered with a coded error that the page shows; Chromium prints it as an error all the same.
_EXPECTED = ("Failed to load resource: the server responded with a status of",)


def chromium_path() -> str | None:
    """Return the browser named by OVERREAD_CHROMIUM, or one on the path, or None."""
    named = os.environ.get("OVERREAD_CHROMIUM")
    return named or next((found for name in _NAMES if (found := shutil.which(name))), None)


class _Shared:
    """The browser of the test file that runs: starting one takes longer than many a test."""

    def __init__(self) -> None:
        self._until_closed = ExitStack()
        self._browser: Browser | None = None

    def get(self) -> Browser:
        """Return it, started where it is not."""
        if self._browser is None or not self._browser.is_connected():
            self.close()
            path = chromium_path()
            if path is None:
                pytest.skip("no Chromium on this machine: install Debian's chromium, or name one in OVERREAD_CHROMIUM")
            playwright = self._until_closed.enter_context(sync_playwright())
            # Playwright keeps an event loop in this thread that does nothing while the test asks the database.
            patch = self._until_closed.enter_context(pytest.MonkeyPatch.context())
            patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
            expect.set_options(timeout=patience.MILLISECONDS)
            self._browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
            self._until_closed.callback(self._browser.close)
        return self._browser

    def close(self) -> None:
        """End it, and let the thread be without an event loop again."""
        self._browser = None
        self._until_closed.close()


_shared = _Shared()


def started_browser() -> Browser:
    """Return a running Chromium; the test is skipped with a reason where there is none on the machine."""
    return _shared.get()


def browser_close() -> None:
    """End the browser, after the last test of a file."""
    _shared.close()


@dataclass
class Desk:
    """One person at one browser window."""

    url: str
    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        """Note console errors: they are defects."""
        if message.type == "error" and not message.text.startswith(_EXPECTED):
            self.faults.append(message.text)

    def picture(self, name: str) -> Path:
        """Keep a screenshot as an artefact."""
        ARTEFACTS.mkdir(exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path


@contextmanager
def sat_down(browser: Browser, url: str, *, width: int = 1920, height: int = 1080) -> Iterator[Desk]:
    """Open a window of its own (cookies, storage) on the application; fails on console errors at the end."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(patience.MILLISECONDS)
    desk = Desk(url, context, page)
    page.on("console", desk.hear)
    page.on("pageerror", lambda error: desk.faults.append(str(error)))
    try:
        try:
            yield desk
        except BaseException as error:
            error.add_note(_as_it_stood(desk))
            raise
        assert desk.faults == [], f"the browser's console must be silent: {desk.faults}"
    finally:
        context.close()


_STOOD = """() => ({
    address: location.pathname,
    panes: [...document.querySelectorAll('[data-testid^="viewport-"][data-status]')].map((one) => ({...one.dataset})),
    canvases: [...document.querySelectorAll('canvas')].map((one) => ({...one.dataset})),
    alerts: [...document.querySelectorAll('[role="alert"]')].map((one) => one.textContent),
})"""
_FRAMES = """() => new Promise((done) => {
    const late = setTimeout(() => done('no frame is drawn any more'), 5000);
    requestAnimationFrame(() => { clearTimeout(late); done('frames are drawn'); });
})"""


def _as_it_stood(desk: Desk) -> str:
    """Say how the page stood when a test failed, and keep a picture: on another machine it may not fail again."""
    try:
        told = [f"console: {desk.faults}", str(desk.page.evaluate(_STOOD)), str(desk.page.evaluate(_FRAMES))]
        told.append(f"picture: {desk.picture(f'failed-{int(time.time())}').name}")
    except Exception as gone:
        return f"console: {desk.faults}; the page cannot be asked any more: {gone}"
    return "\n".join(told)


def wait_until(page: Page, holds: str, arg: object = None) -> None:
    """Wait until a script says yes; Playwright's own way evaluates a text in the page, which its policy forbids."""
    deadline = time.monotonic() + patience.SECONDS
    while not page.evaluate(holds, arg):
        assert time.monotonic() < deadline, f"never held: {holds}"
        page.wait_for_timeout(50)

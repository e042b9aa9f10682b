"""A reader at a window on a served application inside the test's own process, with a case to read."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client

from tests.browser import sat_down, started_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.models import User
    from tests.browser import Desk


def need_the_front_end() -> None:
    """Skip the test where the front end is not built."""
    if not (settings.FRONTEND_DIST / "manifest.json").is_file():
        pytest.skip("the front end is not built")


@contextmanager
def reader_at(url: str, user: User) -> Iterator[Desk]:
    """Open a window in which a person is logged in."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": url}
    with sat_down(started_browser(), url) as desk:
        desk.context.add_cookies([cookie])  # type: ignore[list-item]  # Playwright's own dictionary
        yield desk

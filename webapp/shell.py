"""The shell of the single page: a document that names the built script and style files."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from core.errors import NotFound
from webapp.api.errors import error_response

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

ENTRY = "src/main.tsx"


@lru_cache(maxsize=1)
def _manifest(modified: float) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((settings.FRONTEND_DIST / "manifest.json").read_text())
    return loaded


def _entry_files() -> dict[str, Any]:
    """Return the entry's script, styles and the modules it imports at once; empty before the first build."""
    path = settings.FRONTEND_DIST / "manifest.json"
    if not path.is_file():
        return {}
    manifest = _manifest(path.stat().st_mtime)
    styles: list[str] = []
    preloads: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        styles.extend(manifest[name].get("css", []))
        for imported in manifest[name].get("imports", []):
            if imported not in seen:
                preloads.append(manifest[imported]["file"])
                visit(imported)

    visit(ENTRY)
    return {"script": manifest[ENTRY]["file"], "styles": styles, "preloads": preloads}


@require_safe
@never_cache
@ensure_csrf_cookie
def shell(request: HttpRequest) -> HttpResponse:
    """Serve the single page. It says whether the browser holds a session (which may have ended)."""
    session = settings.SESSION_COOKIE_NAME in request.COOKIES
    return render(request, "shell.html", {"entry": _entry_files(), "version": settings.VERSION, "session": session})


def not_an_address(_request: HttpRequest, **_: Any) -> HttpResponse:
    """Answer unknown addresses of programs as programs expect it."""
    return error_response(NotFound("not_found", "There is nothing at this address."))

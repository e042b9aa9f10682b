"""What every answer tells the browser: what it may run, embed, guess, keep; and how the built files are sent."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import brotli
import pytest
from django.conf import settings
from django.test import Client

from core.models import Project, User
from tests.conftest import PASSWORD
from tests.factories.world import INSTANCE_UID, SERIES_UID, STUDY_UID, make_world

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
FRAME = f"/dicomweb/studies/{STUDY_UID}/series/{SERIES_UID}/instances/{INSTANCE_UID}/frames/1"
PAGES = [
    "/",
    "/worklist",
    "/read/1",
    "/api/v1/system/health",
    "/api/v1/auth/me",
    "/api/v1/nothing",
    "/dicomweb/studies",
]


def policy(header: str) -> dict[str, set[str]]:
    """Return the directives of a Content-Security-Policy."""
    return {words[0]: set(words[1:]) for part in header.split(";") if (words := part.split())}


def built(pattern: str) -> Path:
    """Return a built file of the front end; the test is skipped before the first build."""
    found = sorted(settings.FRONTEND_DIST.glob(pattern), key=lambda path: -path.stat().st_size)
    if not found:
        pytest.skip("the front end is not built")
    return found[0]


def fetch(url: str, **headers: str) -> tuple[dict[str, str], bytes]:
    """Fetch as a browser does that accepts what ``headers`` say; nothing is unpacked."""
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return {name.lower(): value for name, value in answer.headers.items()}, answer.read()


@pytest.mark.parametrize("place", PAGES)
def test_every_answer_forbids_what_no_page_of_ours_needs(place: str, client: Client) -> None:
    answer = client.get(place)
    directives = policy(answer["Content-Security-Policy"])
    assert directives["default-src"] == {"'self'"}
    assert directives["script-src"] == {"'self'", "'wasm-unsafe-eval'"}
    assert directives["worker-src"] == directives["connect-src"] == directives["form-action"] == {"'self'"}
    assert directives["object-src"] == directives["base-uri"] == directives["frame-ancestors"] == {"'none'"}
    assert directives["img-src"] == {"'self'", "blob:", "data:"}
    assert {source.split("-")[0] for source in directives["style-src"]} <= {"'self'", "'nonce"}
    for word in ("unsafe-inline", "'unsafe-eval'", "*", "http:", "https:"):
        assert word not in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_page_gives_each_visit_another_nonce_and_is_never_cached(client: Client) -> None:
    first, second = client.get("/"), client.get("/")
    nonces = [policy(answer["Content-Security-Policy"])["style-src"] - {"'self'"} for answer in (first, second)]
    assert nonces[0] != nonces[1]
    for answer, nonce in zip((first, second), nonces, strict=True):
        assert nonce.pop().removeprefix("'nonce-").strip("'") in answer.content.decode()
    assert "no-store" in first["Cache-Control"]


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(radiologist: User, client: Client) -> None:
    client.get("/")
    answer = client.post(
        "/api/v1/auth/login", json.dumps({"username": "ann", "password": PASSWORD}), content_type="application/json"
    )
    assert answer.status_code == 200
    session = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert session["httponly"]
    assert session["samesite"] == answer.cookies[settings.CSRF_COOKIE_NAME]["samesite"] == "Lax"
    assert session["domain"] == ""


PRODUCTION = """
import django
django.setup()
from django.test import Client
from django.core.management import call_command
call_command("migrate", verbosity=0)
plain = Client().get("/", headers={"host": "overread.example.org"})
print(plain.status_code, plain.get("Location"))
page = Client().get("/", headers={"host": "overread.example.org"}, secure=True)
print(page.status_code, page["Strict-Transport-Security"])
print(page.cookies["csrftoken"]["secure"], page.cookies["csrftoken"]["samesite"])
from django.conf import settings
print(settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY, settings.DEBUG)
"""


def test_production_sends_cookies_over_https_only_and_says_so_for_a_year(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}} | {
        "OVERREAD_MODE": "production", "OVERREAD_DATA_DIR": str(tmp_path), "OVERREAD_SECRET_KEY": "s" * 60,
        "OVERREAD_SPLIT_KEY": "k" * 60, "OVERREAD_ALLOWED_HOSTS": "overread.example.org",
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", PRODUCTION], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    plain, page, cookie, session = done.stdout.splitlines()
    assert plain == "301 https://overread.example.org/"
    assert page == "200 max-age=31536000; includeSubDomains; preload"
    assert cookie == "True Lax"
    assert session == "True True False"


def test_the_largest_script_travels_compressed_and_is_kept_for_ever(server_url: str) -> None:
    script = built("assets/*.js")
    url = f"{server_url}/static/assets/{script.name}"
    plain_headers, plain = fetch(url)
    assert plain == script.read_bytes()
    assert "content-encoding" not in plain_headers
    for encoding, unpack in (("br", brotli.decompress), ("gzip", gzip.decompress)):
        headers, body = fetch(url, Accept_Encoding=encoding)
        assert headers["content-encoding"] == encoding
        assert unpack(body) == plain
        assert len(body) < len(plain) / 2
        assert "accept-encoding" in headers["vary"].lower()
        assert headers["content-type"].startswith("text/javascript")
        assert "immutable" in headers["cache-control"]
        assert "max-age=315360000" in headers["cache-control"]


@pytest.mark.parametrize(
    ("pattern", "media_type"),
    [("assets/*.wasm", "application/wasm"), ("assets/*Worker*.js", "text/javascript"), ("assets/*.css", "text/css")],
)
def test_built_files_have_their_media_type_and_the_policy_of_the_page(
    pattern: str, media_type: str, server_url: str
) -> None:
    headers, _ = fetch(f"{server_url}/static/assets/{built(pattern).name}")
    assert headers["content-type"].split(";")[0] == media_type
    assert headers["x-content-type-options"] == "nosniff"
    assert policy(headers["content-security-policy"])["script-src"] == {"'self'", "'wasm-unsafe-eval'"}
    assert headers["x-frame-options"] == "DENY"
    assert "set-cookie" not in headers


def test_files_that_may_change_under_their_name_are_not_immutable(server_url: str) -> None:
    headers, _ = fetch(f"{server_url}/static/{built('favicon.svg').name}")
    assert "immutable" not in headers["cache-control"]


def test_images_of_patients_stay_in_the_browser_of_who_may_see_them(
    server_url: str, project: Project, radiologist: User, admin: User
) -> None:
    make_world(project, radiologist, admin)
    client = Client()
    client.force_login(radiologist)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    headers, body = fetch(server_url + FRAME, Cookie=f"{settings.SESSION_COOKIE_NAME}={session}")
    assert len(body) >= 16
    assert headers["cache-control"].startswith("private")
    assert {"Cookie", "Authorization"} <= {name.strip() for name in headers["vary"].split(",")}
    assert headers["x-content-type-options"] == "nosniff"

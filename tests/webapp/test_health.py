"""Health says the truth, in the one error shape, when the database is away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import Client

ROOT = Path(__file__).resolve().parents[2]
#: Nothing listens on port 1. A visit with a session cookie needs the database before any view does.
WITHOUT_DATABASE = """
import json
import django
django.setup()
from django.conf import settings
from django.test import Client
client = Client(raise_request_exception=False, SERVER_NAME="localhost")
client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
for place in ("/api/v1/system/health", "/api/v1/auth/me", "/dicomweb/studies", "/"):
    answer = client.get(place)
    told = json.loads(answer.content) if answer["Content-Type"] == "application/json" else {}
    print(json.dumps([answer.status_code, told.get("code"), told.get("request_id") == answer["X-Request-ID"]]))
    assert "10.255" not in answer.content.decode() and "sesame" not in answer.content.decode()
"""


def test_without_a_database_programs_get_a_coded_503_and_the_page_still_comes(tmp_path: Path) -> None:
    env = os.environ | {
        "OVERREAD_DATA_DIR": str(tmp_path), "DATABASE_URL": "postgres://ann:sesame@127.0.0.1:1/none",
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", WITHOUT_DATABASE], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers[:3] == [[503, "database_unavailable", True]] * 3
    assert answers[3][0] == 200
    assert "sesame" not in done.stderr


@pytest.mark.django_db
def test_health_asks_the_database_and_does_not_trust_an_open_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False, SERVER_NAME="localhost")
    assert client.get("/api/v1/system/health").json()["ok"] is True

    def died() -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(connection, "cursor", died)
    answer = client.get("/api/v1/system/health")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.json()["request_id"] == answer["X-Request-ID"]

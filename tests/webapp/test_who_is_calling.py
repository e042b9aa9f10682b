"""A forwarding header is believed of the proxies in the settings and of nobody else: by lock-out and audit alike."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest
import requests

from core.models import AuditEvent, User
from tests.conftest import PASSWORD
from webapp.doors.proxies import forwarded_for, settle_caller
from webapp.settings.environment import read_environment

if TYPE_CHECKING:
    from core.models import Project

pytestmark = pytest.mark.django_db(transaction=True)
PROXIES = [ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"), ip_network("::1/128")]


def log_in(server_url: str, password: str, **headers: str) -> requests.Response:
    session = requests.Session()
    session.get(server_url, timeout=20)
    given = {"X-CSRFToken": session.cookies.get("csrftoken", ""), **headers}
    body = {"username": "ann", "password": password}
    return session.post(f"{server_url}/api/v1/auth/login", json=body, headers=given, timeout=20)


@pytest.mark.parametrize(
    ("chain", "caller"),
    [
        ([], "127.0.0.1"),
        (["203.0.113.7"], "203.0.113.7"),
        (["198.51.100.9, 203.0.113.7"], "203.0.113.7"),
        (["6.6.6.6", "203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        (["203.0.113.7:4711"], "203.0.113.7"),
        (["[2001:db8::7]:4711"], "2001:db8::7"),
        (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["10.0.0.1, 10.0.0.2"], "10.0.0.1"),
        (["203.0.113.7, <script>"], "127.0.0.1"),
        (["203.0.113.7, unknown, 10.0.0.2"], "10.0.0.2"),
        ([""], "127.0.0.1"),
    ],
)
def test_the_caller_is_the_last_one_that_no_proxy_of_ours_vouches_for(chain: list[str], caller: str) -> None:
    assert forwarded_for("127.0.0.1", chain, PROXIES) == caller


def test_a_stranger_who_forwards_is_only_who_they_are() -> None:
    assert forwarded_for("203.0.113.9", ["10.0.0.1"], PROXIES) == "203.0.113.9"


@pytest.mark.parametrize("trusted", [True, False])
def test_tls_is_believed_of_a_trusted_proxy_only(trusted: bool, settings: Any) -> None:
    settings.OVERREAD_TRUSTED_PROXIES = PROXIES if trusted else []
    headers = [(b"x-forwarded-proto", b"https"), (b"x_forwarded_proto", b"https"), (b"host", b"a"), (b"x-a_b", b"c")]
    scope = {"type": "http", "scheme": "http", "client": ("127.0.0.1", 9), "headers": headers}
    settled = settle_caller(scope)
    assert settled["scheme"] == ("https" if trusted else "http")
    assert settled["headers"] == [(b"host", b"a")]
    assert settle_caller({**scope, "type": "websocket", "scheme": "ws"})["scheme"] == ("wss" if trusted else "ws")


def test_without_a_proxy_in_the_settings_nobody_escapes_the_lock_out_by_a_header(
    server_url: str, radiologist: User, project: Project
) -> None:
    codes = [
        log_in(server_url, "wrong", **{"X-Forwarded-For": f"203.0.113.{number}"}).json()["code"] for number in range(6)
    ]
    assert codes[:4] == ["login_failed"] * 4
    assert codes[-1] == "locked_out"
    assert log_in(server_url, PASSWORD, X_Forwarded_For="203.0.113.99").json()["code"] == "locked_out"
    assert set(AuditEvent.objects.filter(event_type="user.login").values_list("source", flat=True)) == {"127.0.0.1"}


def test_behind_a_proxy_one_caller_does_not_lock_out_another(
    server_url: str, radiologist: User, project: Project, settings: Any
) -> None:
    settings.OVERREAD_TRUSTED_PROXIES = PROXIES
    for number in range(6):
        forwarded = f"198.51.100.{number}, 203.0.113.66"  # what the caller wrote, then what the proxy saw
        answer = log_in(server_url, "wrong", **{"X-Forwarded-For": forwarded})
    assert answer.json()["code"] == "locked_out"
    assert log_in(server_url, PASSWORD, **{"X-Forwarded-For": "203.0.113.7"}).status_code == 200
    event = AuditEvent.objects.filter(event_type="user.login", outcome="success").get()
    assert event.source == "203.0.113.7"


def test_the_environment_names_the_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_environment().believed_proxies == []
    monkeypatch.setenv("OVERREAD_BEHIND_PROXY", "true")
    assert [str(network) for network in read_environment().believed_proxies] == ["127.0.0.0/8", "::1/128"]
    monkeypatch.setenv("OVERREAD_TRUSTED_PROXIES", "10.1.0.0/16, 192.0.2.4")
    assert [str(network) for network in read_environment().believed_proxies] == ["10.1.0.0/16", "192.0.2.4/32"]
    monkeypatch.setenv("OVERREAD_TRUSTED_PROXIES", "everybody")
    with pytest.raises(Exception, match="OVERREAD_TRUSTED_PROXIES"):
        read_environment()

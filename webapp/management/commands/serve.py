"""``manage.py serve``: everything that Overread needs, on this machine, until Ctrl-C."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sys
from argparse import ArgumentTypeError
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from annotations.services.projects import inbox_open
from core.models import User
from core.numbers import whole
from core.roles import Role
from webapp import broker, supervisor
from webapp.demo.people import DEMO_PASSWORDS
from webapp.management.prepared import is_behind

_PORT = 8000


def _port(text: str) -> int:
    port = whole(text, most=(1 << 16) - 1)
    if port is None:
        raise ArgumentTypeError(f"{text} is no port: give a number from 1 to 65535, or 0 for any free one")
    return port


def _why_not(host: str, port: int | None, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken. Stop what listens there, or give another --port."
    if error.errno == errno.EACCES:
        return f"You may not listen on port {port}. Give a --port from 1024 up and put a proxy in front."
    return f"Cannot listen on {host}: {error.strerror or error}. Give an address of this machine as --host."


def _as_typed(command: str) -> str:
    """Return how a person types a command of this installation."""
    folder = settings.OVERREAD_DATA_DIR
    elsewhere = f"OVERREAD_DATA_DIR={folder} " if folder != settings.BASE_DIR / "var" else ""
    return f"{elsewhere}{os.path.relpath(sys.executable)} manage.py {command}"


class Command(BaseCommand):
    help = "Start web, workers, beat and, where no Redis is named, the bundled broker; Ctrl-C stops all of them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
        parser.add_argument("--port", type=_port, help=f"must be free; without it {_PORT}, or the next free one")
        parser.add_argument("--web", type=int, default=1, help="web processes")
        parser.add_argument("--cpu", type=int, default=1, help="processes of the worker for images and predictions")
        parser.add_argument("--gpu", type=int, default=1, help="processes of the worker for training; 0 for none")

    def handle(self, *args: Any, **options: Any) -> None:
        lock = self._only_one()
        port = self._free_port(options["host"], options["port"])
        self._migrate()
        house = supervisor.Supervisor(settings.OVERREAD_DATA_DIR / "log", env=self._environment(), say=self._say)
        signal.signal(signal.SIGTERM, house.ask_to_stop)
        signal.signal(signal.SIGINT, house.ask_to_stop)
        signal.signal(signal.SIGHUP, house.ask_to_stop)
        try:
            started = self._start(house, options, port)
            if started:
                house.run()
        finally:
            house.stop()
            lock.close()
            self._say("Stopped.")
        if not started:
            sys.exit(1)

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _only_one(self) -> IO[str]:
        folder = settings.OVERREAD_DATA_DIR / "run"
        broker.prepare_folder(folder)
        lock = (folder / "serve.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise CommandError(
                f"Overread already runs on {settings.OVERREAD_DATA_DIR}{' at ' + at if (at := lock.read()) else ''}. "
                "Stop it there, or set OVERREAD_DATA_DIR to another folder."
            ) from None
        return lock

    def _migrate(self) -> None:
        if is_behind():
            self._say("Bringing the database up to date …")
            call_command("migrate", interactive=False, verbosity=0)
        inbox_open()
        connection.close()

    def _environment(self) -> dict[str, str]:
        """Return what the parts need to know beyond this process's environment."""
        env = {"PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "webapp.settings"}
        if self._uses_valkey():
            env["OVERREAD_VALKEY_SOCKET"] = str(broker.socket_path(settings.OVERREAD_DATA_DIR))
        return env

    @staticmethod
    def _uses_valkey() -> bool:
        environment = settings.ENVIRONMENT
        if environment.redis_url or environment.broker == "filesystem":
            return False
        found = broker.valkey_binary()
        if found is None and environment.broker == "valkey":
            raise CommandError("OVERREAD_BROKER is valkey, but this platform has no bundled Valkey. Leave it out.")
        return found is not None

    def _free_port(self, host: str, wanted: int | None) -> int:
        """Return the port to serve on: exactly the one that was named, for a proxy may stand in front of it."""
        try:
            if wanted is not None:
                return supervisor.bindable(host, wanted)
            port = supervisor.free_port(host, _PORT)
        except OSError as error:
            raise CommandError(_why_not(host, wanted, error)) from None
        if port != _PORT:
            self._say(f"Port {_PORT} is taken; using {port}. Say --port to insist on one.")
        return port

    def _start(self, house: supervisor.Supervisor, options: dict[str, Any], port: int) -> bool:
        if self._uses_valkey() and not self._start_broker(house):
            return False
        host = options["host"]
        house.start(supervisor.web_part(host=host, port=port, workers=options["web"]))
        house.start(supervisor.worker_part(queue="cpu", processes=options["cpu"]))
        if options["gpu"]:
            house.start(supervisor.worker_part(queue="gpu", processes=options["gpu"]))
        house.start(supervisor.beat_part())
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
        url = f"http://{shown}:{port}"
        self._say("Starting web, workers and beat …")
        if not house.wait_until(lambda: supervisor.answers_health(url), seconds=90):
            self._say("The web process does not answer. The end of its output:\n" + house.log_tail("web"))
            return False
        self._welcome(url)
        return True

    def _start_broker(self, house: supervisor.Supervisor) -> bool:
        binary = broker.valkey_binary()
        socket_file = broker.socket_path(settings.OVERREAD_DATA_DIR)
        if binary is None:
            return False
        command = broker.valkey_command(binary, socket_file=socket_file, data_dir=settings.OVERREAD_DATA_DIR)
        house.start(supervisor.Part("broker", command))
        if house.wait_until(lambda: broker.answers(socket_file), seconds=15):
            return True
        self._say("The broker does not answer. The end of its output:\n" + house.log_tail("broker"))
        self._say("OVERREAD_BROKER=filesystem does without it.")
        return False

    def _welcome(self, url: str) -> None:
        with (settings.OVERREAD_DATA_DIR / "run" / "serve.lock").open("w") as lock:
            lock.write(url)
        line = "─" * 72
        self._say(f"\n{line}\n  Overread is at  {url}\n")
        if settings.OVERREAD_MODE == "demo":
            self._say("  Demo logins (user name / password):")
            for username, (password, title) in DEMO_PASSWORDS.items():
                self._say(f"    {username:<20} {password:<22} {title}")
            self._say("")
        elif not User.objects.filter(role=Role.ADMIN, is_active=True).exists():
            self._say("  Nobody can log in yet. Add the first admin, in another terminal:")
            self._say(f"    {_as_typed('create_admin')} NAME\n")
        connection.close()
        self._say(
            f"  For research only, not for clinical use. Output of the parts: {settings.OVERREAD_DATA_DIR / 'log'}"
        )
        self._say(f"  Ctrl-C stops everything.{'' if os.isatty(0) else f' (process {os.getpid()})'}\n{line}")

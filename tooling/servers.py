"""Run the suite again on PostgreSQL and Redis, where both answer.

Prints pytest's closing line last: of this second run, or of the first when there are no servers.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tooling.check import CLOSING_LINE, run_pytest
from tooling.progress import say

_DATABASES = (
    "postgres://postgres@127.0.0.1:5432/postgres",
    "postgres://postgres:postgres@127.0.0.1:5432/postgres",
)
_REDIS = "redis://127.0.0.1:6379/15"


def find_database() -> str | None:
    """Return the URL of a PostgreSQL that lets us create databases, or None."""
    import psycopg2

    named = os.environ.get("OVERREAD_TEST_DATABASE_URL")
    for url in [named] if named else _DATABASES:
        try:
            connection = psycopg2.connect(url, connect_timeout=3)
        except psycopg2.Error:
            continue
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
            row = cursor.fetchone()
        connection.close()
        if row and row[0]:
            # Django makes test_overread beside it and drops it at the end.
            return urlunsplit(urlsplit(url)._replace(path="/overread"))
    return None


def find_redis() -> str | None:
    """Return the URL of a Redis whose database may be used for tests, or None."""
    import redis

    url = os.environ.get("OVERREAD_TEST_REDIS_URL", _REDIS)
    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=3)
        client.ping()
    except redis.RedisError:
        return None
    client.close()
    return url


def main() -> int:
    """Run the suite on the servers if they are there; returns the exit code."""
    database, broker = find_database(), find_redis()
    if database is None or broker is None:
        missing = " and ".join(name for name, found in (("PostgreSQL", database), ("Redis", broker)) if not found)
        say(f"! {missing} does not answer: the suite ran on SQLite only.")
        print(CLOSING_LINE.read_text() if CLOSING_LINE.is_file() else "pytest did not run")
        return 0
    say("→ pytest on PostgreSQL and Redis")
    code, closing = run_pytest(["-m", "not slow"], env={"DATABASE_URL": database, "REDIS_URL": broker})
    print(closing)
    return code


if __name__ == "__main__":
    sys.exit(main())

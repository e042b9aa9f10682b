"""The sessions of the house: Django's own in the database, asked only for keys that Django may have made."""

from __future__ import annotations

import re

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore

#: As ``SessionBase._get_new_session_key`` makes them.
_KEY = re.compile("[a-z0-9]{32}")


class SessionStore(DatabaseSessionStore):
    """A cookie may hold anything: what was never a key is no session, and no database is asked for it."""

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key and _KEY.fullmatch(key))

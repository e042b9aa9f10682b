"""The sessions of the house: Django's own in the database, with keys of letters and digits only."""

from __future__ import annotations

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore


class SessionStore(DatabaseSessionStore):
    """A cookie may hold anything: what Django never made as a key is no session, and no database is asked for it."""

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key) and super()._validate_session_key(key) and str(key).isascii() and str(key).isalnum()

"""The roof: HTTP, WebSocket, settings, the shell of the single page, and the story."""

from webapp.celery import app as celery_app

__all__ = ["celery_app"]

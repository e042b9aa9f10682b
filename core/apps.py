"""The cellar's app."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Users, audit, jobs, events, blobs."""

    name = "core"
    default_auto_field = "django.db.models.BigAutoField"

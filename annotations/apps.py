"""The app of this room."""

from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    """See docs/architecture.md."""

    name = "annotations"
    default_auto_field = "django.db.models.BigAutoField"

"""The app of this room."""

from django.apps import AppConfig


class InferenceConfig(AppConfig):
    """See docs/architecture.md."""

    name = "inference"
    default_auto_field = "django.db.models.BigAutoField"

"""The app of this room."""

from django.apps import AppConfig


class ImagingConfig(AppConfig):
    """See docs/architecture.md."""

    name = "imaging"
    default_auto_field = "django.db.models.BigAutoField"

"""The roof's app: puts the story where the bell is heard."""

from django.apps import AppConfig


class WebappConfig(AppConfig):
    """Installs what answers the bells."""

    name = "webapp"

    def ready(self) -> None:
        """Declare the jobs, let the story answer the bell, events wake the sockets, and one rule hold back."""
        import annotations.tasks  # noqa: F401  (declares the jobs)
        import imaging.tasks  # noqa: F401  (declares the jobs)
        import inference.tasks  # noqa: F401  (declares the jobs)
        from annotations.rules.reveal import studies_hiding_ai
        from annotations.services.sights import objects_sent
        from core import bell, events
        from imaging.held_back import Rule, hold_back_by
        from webapp import (
            checks,  # noqa: F401  (registers the deploy checks)
            story,
        )
        from webapp.live.feed import ring

        bell.answer_with(story.follow)
        events.on_publish(ring)
        hold_back_by(Rule(hiding=studies_hiding_ai, sent=objects_sent))

"""The roof's app: hangs the story on the jobs."""

from django.apps import AppConfig


class WebappConfig(AppConfig):
    """Registers what follows what."""

    name = "webapp"

    def ready(self) -> None:
        """Say which chapter follows which job, and what wakes the sockets."""
        import imaging.tasks  # noqa: F401  (declares the jobs)
        import inference.tasks  # noqa: F401  (declares the jobs)
        from core import events, jobs
        from imaging.dicomweb import stow
        from inference.services.predictions import prediction_failed
        from inference.services.saliency import saliency_failed
        from inference.services.training import training_stopped
        from webapp import (
            checks,  # noqa: F401  (registers the deploy checks)
            story,
        )
        from webapp.live.feed import ring

        jobs.on_success("series_index", story.series_ready)
        jobs.on_success("train", story.training_finished)
        jobs.on_failure("train", training_stopped)
        jobs.on_failure("predict", prediction_failed)
        jobs.on_failure("explain", saliency_failed)
        events.on_publish(ring)
        stow.on_arrival(lambda upload: story.instances_arrived(upload=upload))

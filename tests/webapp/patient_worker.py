"""A worker's app with one more kind of job, for the test that tells a working process to end."""

from webapp.celery import app

app.loader.import_default_modules()

from core.jobs import JobContext, job  # noqa: E402  (the apps are set up now)


@job(kind="patient")
def wait_to_be_stopped(context: JobContext) -> None:
    """Work until told to stop."""
    import time

    while True:
        context.progress(phase="working", at_once=True)
        context.check()
        time.sleep(0.1)

"""Long work of this room. Each task imports its job inside its body: only a worker's child loads torch.

Minutes of computing go to the ``gpu`` queue (its worker computes on the CPU where there is no GPU), so that they never
stand before a prediction somebody waits for.
"""

from __future__ import annotations

from core.jobs import JobContext, job


@job(kind="predict")
def run_predict(context: JobContext, *, prediction_id: str) -> None:
    """Compute one prediction and propose its findings."""
    from inference.jobs.predict import predict

    predict(context, prediction_id)


@job(kind="explain")
def run_explain(context: JobContext, *, saliency_id: str) -> None:
    """Compute one saliency map."""
    from inference.jobs.explain import explain

    explain(context, saliency_id)


@job(kind="train", queue="gpu", attempts=5)
def run_train(context: JobContext, *, training_run_id: str) -> None:
    """Train, from the last checkpoint where there is one."""
    from inference.jobs.train import train

    train(context, training_run_id)


@job(kind="evaluate", queue="gpu")
def run_evaluate(context: JobContext, *, version_id: str, snapshot_id: str) -> None:
    """Judge a version on locked test cases."""
    from inference.jobs.evaluate import evaluate

    evaluate(context, version_id, snapshot_id)


@job(kind="suspects", queue="gpu", attempts=5)
def run_suspects(context: JobContext, *, search_id: str) -> None:
    """Look for doubtful labels in a frozen dataset, from the last checkpoint where there is one."""
    from inference.jobs.suspects import suspects

    suspects(context, search_id)


@job(kind="register", queue="gpu")
def run_register(context: JobContext, *, registration_id: str) -> None:
    """Align one series to another."""
    from inference.jobs.register import register

    register(context, registration_id)


@job(kind="fingerprint")
def run_fingerprint(context: JobContext, *, fingerprint_id: str) -> None:
    """Find what a dataset's training cases have in common."""
    from inference.jobs.fingerprint import fingerprint

    fingerprint(context, fingerprint_id)


@job(kind="training_preview")
def run_training_preview(context: JobContext, *, preview_id: str) -> None:
    """Prepare and change some training cases as a training would."""
    from inference.jobs.preview import preview

    preview(context, preview_id)

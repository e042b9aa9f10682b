"""The coded refusals of this room, each said once."""

from __future__ import annotations

from typing import Any

from core.errors import Conflict, Invalid, NotFound, PreconditionFailed


def family_not_found() -> NotFound:
    """The model family does not exist for this user."""
    return NotFound("model_not_found", "There is no such model in your projects.")


def version_not_found() -> NotFound:
    """The model version does not exist for this user."""
    return NotFound("version_not_found", "There is no such model version in your projects.")


def prediction_not_found() -> NotFound:
    """The prediction does not exist for this user, or may not be known to them yet."""
    return NotFound("prediction_not_found", "There is no such prediction.")


def saliency_not_found() -> NotFound:
    """The map does not exist for this user."""
    return NotFound("saliency_not_found", "There is no such saliency map.")


def run_not_found() -> NotFound:
    """The training does not exist for this user."""
    return NotFound("training_not_found", "There is no such training in your projects.")


def report_not_found() -> NotFound:
    """The report does not exist for this user."""
    return NotFound("report_not_found", "There is no such report in your projects.")


def no_live_version() -> Conflict:
    """Nothing predicts here yet."""
    return Conflict("no_live_model", "This project has no live model yet. An admin must train or import one first.")


def nothing_to_predict(modalities: list[str]) -> Conflict:
    """No series of the study fits a model."""
    return Conflict(
        "no_series_fits",
        "No series of this study fits the project's models. Check the modalities that the models read.",
        modalities=modalities,
    )


def reason_missing() -> Invalid:
    """A change of the live model needs a reason."""
    return Invalid("reason_missing", "Say why, in a sentence: it is kept with the decision.")


def plan_not_declared() -> Conflict:
    """A training keeps the plan that it began under, and somebody answers for it."""
    return Conflict(
        "plan_not_declared",
        "Nobody has declared what a new version must reach. Declare the model's change plan with a reason, then train.",
    )


def gate_not_passed(gate: dict[str, Any]) -> Conflict:
    """The report says that the version is not good enough."""
    return Conflict(
        "gate_not_passed",
        "The evaluation gate was not passed, so this version cannot go live. Correct more cases and train again.",
        gate=gate,
    )


def nothing_to_answer_for() -> Invalid:
    """The gate passed, and somebody answers for what it refused."""
    return Invalid("nothing_to_answer_for", "The gate passed: there is nothing to answer for. Give the reason alone.")


def report_outdated() -> Conflict:
    """The report compares with a version that is no longer live."""
    return Conflict(
        "report_outdated",
        "The live model has changed since this report was made. Evaluate the version again, then decide.",
    )


def report_of_older_dataset() -> Conflict:
    """The version did not pass on a dataset that was frozen later."""
    return Conflict(
        "report_of_older_dataset",
        "On a dataset that was frozen later this version did not pass the gate. Decide by that report.",
    )


def report_of_other_version() -> Invalid:
    """The report is about something else."""
    return Invalid("report_of_other_version", "This report is about another version. Choose the version's own report.")


def nothing_to_go_back_to() -> Conflict:
    """No earlier live version."""
    return Conflict("nothing_to_go_back_to", "No other version of this model was live before, so there is no way back.")


def label_not_predicted(key: str) -> Invalid:
    """The version does not know the label."""
    return Invalid("label_not_predicted", "This model does not predict that label.", key=key)


def method_unknown(method: str, known: list[str]) -> Invalid:
    """Not an explanation of this recipe."""
    return Invalid("method_unknown", "Choose one of the offered explanations.", method=method, known=known)


def map_not_offered(why: str, reason: str) -> Conflict:
    """Nothing taught the version what such a map would show."""
    return Conflict("map_not_offered", why, reason=reason)


def prediction_not_finished() -> Conflict:
    """There is nothing to explain yet."""
    return Conflict("prediction_not_finished", "The prediction is not finished yet. Wait for it, then ask again.")


def snapshot_does_not_fit(message: str, **detail: Any) -> Invalid:
    """Dataset and model do not belong together."""
    return Invalid("snapshot_does_not_fit", message, **detail)


def places_not_marked(named: str, keys: list[str]) -> Invalid:
    """What is learned is where things are, and nobody drew them."""
    return Invalid(
        "places_not_marked",
        f"No training case of this dataset has a box, an outline or a painted place of {named}: there is nothing to "
        "learn from. Draw them on cases, have these signed off, and freeze again.",
        labels=keys,
    )


def model_file_wrong(message: str, **detail: Any) -> Invalid:
    """Not weights and a card that belong to this family."""
    return Invalid("model_file_wrong", message, **detail)


def config_wrong(message: str, **detail: Any) -> Invalid:
    """The settings of a training are not right."""
    return Invalid("config_wrong", message, **detail)


def proposal_outdated() -> Conflict:
    """What is proposed is not what the client showed."""
    return Conflict(
        "proposal_outdated", "The proposed settings have changed meanwhile. Look at them again, then start."
    )


def training_does_not_fit(message: str, **detail: Any) -> Invalid:
    """It would run out of memory, disk or time."""
    return Invalid("training_does_not_fit", message, **detail)


def training_is_over() -> Conflict:
    """There is nothing to cancel."""
    return Conflict("job_is_over", "This training is already over, so there is nothing to cancel.")


def training_not_stopped(state: str) -> Conflict:
    """Only a stopped training goes on."""
    return Conflict("training_not_stopped", "Only a training that failed or was cancelled can be resumed.", state=state)


def nothing_to_evaluate_on() -> Conflict:
    """No locked test cases."""
    return Conflict(
        "no_test_cases",
        "There are no locked test cases to evaluate on. Freeze a dataset whose test split has cases, then evaluate.",
    )


def saliency_not_finished(state: str, error_code: str) -> Conflict:
    """The map is not there yet, or could not be computed."""
    return Conflict(
        "saliency_not_finished",
        "The map is not computed. Wait for it, or ask for it again where it failed.",
        state=state,
        error_code=error_code,
    )


def suspects_of_answers_only() -> Invalid:
    """Painted labels have no single answer that could be doubted."""
    return Invalid(
        "suspects_need_answers",
        "Doubtful labels are looked for among answers about images. Choose a classification dataset.",
    )


def too_few_to_doubt(parts: int) -> Conflict:
    """Not enough patients to judge some by models of the others."""
    return Conflict(
        "too_few_patients",
        f"Fewer than {4 * parts} training and validation patients: too few to judge some by what the others teach.",
    )


def registration_not_found() -> NotFound:
    """The alignment does not exist for this user."""
    return NotFound("registration_not_found", "There is no such alignment.")


def registration_frame_not_found() -> NotFound:
    """The frame is none of the fixed series, or the alignment came to nothing."""
    return NotFound("registration_frame_not_found", "This alignment has nothing on this image.")


def one_series_twice() -> Invalid:
    """Fixed and moving are the same."""
    return Invalid("one_series_twice", "Choose two different series to align.")


def series_of_other_study() -> Invalid:
    """The fixed series is not the case's."""
    return Invalid("series_of_other_study", "The series that stays must be one of this study.")


def not_alignable(which: str, why: str) -> Invalid:
    """The series is no volume that could be aligned; ``why`` is the sentence that says so."""
    return Invalid("not_alignable", why, which=which)


def not_one_patient() -> Conflict:
    """The two studies have different patient numbers."""
    return Conflict(
        "not_one_patient",
        "The two series have different patient numbers. Say that they are one person's if you know it.",
    )


def identity_in_doubt() -> Conflict:
    """An admin has to say first who is who."""
    return Conflict(
        "identity_in_doubt",
        "Studies under this patient number name different persons. An admin must decide first who is who.",
    )


def registration_not_finished() -> Conflict:
    """There is nothing to decide about, or to show."""
    return Conflict("registration_not_finished", "The alignment is not finished. Wait for it, then decide.")


def registration_outdated() -> Conflict:
    """One of the series has other images now."""
    return Conflict("series_changed", "A series has changed since it was aligned. Align again, then decide.")


def registration_decided_meanwhile() -> PreconditionFailed:
    """Somebody decided since the client looked."""
    return PreconditionFailed(
        "decided_meanwhile", "Somebody has decided about this alignment meanwhile. Look at it again, then decide."
    )


def registration_is_over() -> Conflict:
    """There is nothing to cancel."""
    return Conflict("job_is_over", "This alignment is already over, so there is nothing to cancel.")

"""Models that predict: families, versions, predictions, saliency maps, training runs, reports, promotions."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from annotations.models import DatasetSnapshot, Finding, Workitem
from core.models import Identified, Job, Project, User
from imaging.models import Series


class ModelFamily(Identified):
    """What a project predicts with: one recipe and one label list; ``live`` points at the version in use."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="model_families")
    slug = models.SlugField(max_length=60)
    title = models.CharField(max_length=120)
    recipe = models.CharField(max_length=24, help_text="Name of a card in inference.engine.recipe_cards.")
    label_keys = models.JSONField(default=list)
    modalities = models.JSONField(default=list, help_text="Modalities it reads; empty means all.")
    live = models.ForeignKey("ModelVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name_plural = "model families"
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "slug"], name="family_slug_once")]


class DeclaredPlan(Identified):
    """What a family's versions must reach, and where their decisions lie: declared by a person, with a reason.

    Written once. The newest is in force for the trainings that are asked for from then on.
    """

    family = models.ForeignKey(ModelFamily, on_delete=models.CASCADE, related_name="plans")
    number = models.PositiveIntegerField()
    limits = models.JSONField(default=dict, help_text="Limits that differ from GatePlan's.")
    operating_point = models.JSONField(default=dict, help_text="An OperatingPoint; empty is the balanced one.")
    declared_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()

    class Meta:
        ordering: ClassVar = ["family_id", "-number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["family", "number"], name="plan_number_once")]


class TrainingRun(Identified):
    """One training: what it learned from, with which settings, how it went. Its Job says whether it runs."""

    family = models.ForeignKey(ModelFamily, on_delete=models.CASCADE, related_name="training_runs")
    snapshot = models.ForeignKey(DatasetSnapshot, on_delete=models.PROTECT, related_name="training_runs")
    parent = models.ForeignKey(
        "ModelVersion", null=True, on_delete=models.PROTECT, related_name="+", help_text="With whose weights it begins."
    )
    plan = models.ForeignKey(
        DeclaredPlan, on_delete=models.PROTECT, related_name="+", help_text="In force when it was asked for."
    )
    config = models.JSONField(help_text="The frozen RecipeConfig.")
    config_digest = models.CharField(max_length=64)
    estimate = models.JSONField(default=dict)
    proposed = models.JSONField(
        default=dict, help_text="What the dataset's fingerprint asked for, and what was chosen otherwise; else empty."
    )
    curves = models.JSONField(default=list, help_text="One entry an epoch: losses and validation metric.")
    environment = models.JSONField(default=dict, help_text="Code and library versions, device, threads, seed.")
    job = models.OneToOneField(Job, null=True, on_delete=models.PROTECT, related_name="training_run")
    requested_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]


class ModelVersion(Identified):
    """Weights that were trained once and are never overwritten; its life is ``inference.lifecycle``."""

    class State(models.TextChoices):
        CANDIDATE = "candidate"
        EVALUATED = "evaluated"
        LIVE = "live"
        RETIRED = "retired"
        REFUSED = "refused"

    family = models.ForeignKey(ModelFamily, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.CANDIDATE)
    training_run = models.OneToOneField(TrainingRun, null=True, on_delete=models.PROTECT, related_name="version")
    weights_digest = models.CharField(max_length=64)
    card_digest = models.CharField(max_length=64)
    card = models.JSONField(default=dict, help_text="Config, preprocessing, calibration, thresholds, versions.")

    class Meta:
        ordering: ClassVar = ["family_id", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["family", "number"], name="version_number_once"),
            models.UniqueConstraint(fields=["family"], condition=models.Q(state="live"), name="version_one_live"),
        ]

    def __str__(self) -> str:
        return f"{self.family.slug} v{self.number}"


class Prediction(Identified):
    """What one version said of one series of a work item."""

    class State(models.TextChoices):
        REQUESTED = "requested"
        FINISHED = "finished"
        FAILED = "failed"
        OUTSIDE = "outside"

    workitem = models.ForeignKey(Workitem, on_delete=models.CASCADE, related_name="predictions")
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="predictions")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="predictions")
    state = models.CharField(max_length=12, choices=State.choices, default=State.REQUESTED)
    input_digest = models.CharField(max_length=64, help_text="Digest of the pixel digests and preprocessing.")
    index_seen_at = models.DateTimeField(
        null=True, blank=True, help_text="The series' indexed_at for which this was the present input."
    )
    superseded_at = models.DateTimeField(
        null=True, blank=True, help_text="When the same version was asked about a newer input of the series."
    )
    output = models.JSONField(default=dict, help_text="Per label: probability, logit, threshold, case score.")
    case_score = models.FloatField(null=True, blank=True, help_text="Highest calibrated probability, 0..1.")
    kept_proposals_digest = models.CharField(
        max_length=64, blank=True, help_text="Blob of proposals that came when the study took none; recorded later."
    )
    error_code = models.CharField(max_length=60, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workitem", "series", "version", "input_digest"], name="prediction_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["workitem"], condition=~models.Q(kept_proposals_digest=""), name="prediction_keeps_proposals"
            )
        ]


class ProposedFinding(models.Model):
    """Which finding downstairs came of a prediction, and with which probability. Written once."""

    prediction = models.ForeignKey(Prediction, on_delete=models.CASCADE, related_name="proposed")
    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="+")
    label_key = models.CharField(max_length=64)
    probability = models.FloatField(null=True, help_text="Calibrated, 0..1.")
    threshold = models.FloatField(null=True, help_text="Of the version, for this label.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["prediction", "finding"], name="proposed_finding_once")
        ]


class SaliencyMap(Identified):
    """Why a version said what it said of one label, in the image's own grid."""

    class State(models.TextChoices):
        REQUESTED = "requested"
        FINISHED = "finished"
        FAILED = "failed"

    prediction = models.ForeignKey(Prediction, on_delete=models.CASCADE, related_name="saliency_maps")
    label_key = models.CharField(max_length=40)
    method = models.CharField(max_length=30)
    layer = models.CharField(max_length=120, blank=True)
    parameters = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices, default=State.REQUESTED)
    map_digest = models.CharField(max_length=64, blank=True, help_text="Blob: zlib of uint8 map_kji, 0..255.")
    shape_kji = models.JSONField(default=list)
    sop_instance_uids = models.JSONField(default=list, help_text="The image of each k, with its frame number.")
    error_code = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["prediction", "label_key", "method"], name="saliency_once")
        ]


class EvaluationReport(Identified):
    """How a version did on a locked test split, and beside the live version; written once."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="reports")
    snapshot = models.ForeignKey(DatasetSnapshot, on_delete=models.PROTECT, related_name="+")
    compared_with = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    report = models.JSONField()
    compared_report = models.JSONField(default=dict)
    gate = models.JSONField(default=dict, help_text="passed, sentence, criteria[].")
    outputs_digest = models.CharField(max_length=64, help_text="Blob with the raw outputs of each test case.")
    test_digest = models.CharField(
        max_length=64,
        blank=True,
        db_index=True,
        help_text="Of the test cases' names, whichever dataset held them.",
    )
    digest = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["-created_at"]


class Promotion(Identified):
    """A change of the live pointer, forward or back, with who and why. Never changed."""

    class Direction(models.TextChoices):
        PROMOTE = "promote"
        ROLL_BACK = "roll_back"

    family = models.ForeignKey(ModelFamily, on_delete=models.CASCADE, related_name="promotions")
    direction = models.CharField(max_length=10, choices=Direction.choices)
    from_version = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    to_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="promotions")
    report = models.ForeignKey(EvaluationReport, null=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    answered_for = models.TextField(
        blank=True, help_text="Why a first model goes live that does not pass for where it looks."
    )

    class Meta:
        ordering: ClassVar = ["-created_at"]


class SuspectSearch(Identified):
    """A look for doubtful labels in a frozen dataset. Its Job says whether it runs; it never changes a label."""

    snapshot = models.ForeignKey(DatasetSnapshot, on_delete=models.CASCADE, related_name="suspect_searches")
    config = models.JSONField(help_text="The frozen RecipeConfig of the models that are asked.")
    parts = models.PositiveSmallIntegerField(help_text="How many models; each answers for patients it never saw.")
    config_digest = models.CharField(max_length=64)
    counts = models.JSONField(default=dict, help_text="Answers judged, suspects, by label.")
    result_digest = models.CharField(max_length=64, blank=True, help_text="Blob: the doubts, the highest first.")
    job = models.OneToOneField(Job, null=True, on_delete=models.PROTECT, related_name="suspect_search")
    requested_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    found_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "suspect searches"
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["snapshot", "config_digest"], name="suspect_search_once")
        ]


class Fingerprint(Identified):
    """What the training cases of a dataset have in common, as a recipe and its labels ask; settings follow from it."""

    snapshot = models.ForeignKey(DatasetSnapshot, on_delete=models.CASCADE, related_name="fingerprints")
    recipe = models.CharField(max_length=24)
    label_keys = models.JSONField(default=list)
    asked_digest = models.CharField(max_length=64, help_text="Of recipe, labels and the way it is found.")
    figures = models.JSONField(default=dict, help_text="See inference.engine.fingerprint.fingerprint_of.")
    digest = models.CharField(max_length=64, blank=True, help_text="Of the figures.")
    job = models.OneToOneField(Job, null=True, on_delete=models.PROTECT, related_name="fingerprint")
    requested_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["snapshot", "asked_digest"], name="fingerprint_once")]


class TrainingPreview(Identified):
    """What a network would see of some training cases with these settings. Nothing learns from it."""

    family = models.ForeignKey(ModelFamily, on_delete=models.CASCADE, related_name="previews")
    snapshot = models.ForeignKey(DatasetSnapshot, on_delete=models.CASCADE, related_name="previews")
    config = models.JSONField(help_text="The RecipeConfig.")
    asked_digest = models.CharField(max_length=64, help_text="Of what decides the pictures.")
    result_digest = models.CharField(max_length=64, blank=True, help_text="Blob: see inference.engine.preview.")
    job = models.OneToOneField(Job, null=True, on_delete=models.PROTECT, related_name="training_preview")
    requested_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["family", "snapshot", "asked_digest"], name="preview_once")
        ]


class Registration(Identified):
    """One series laid onto another of the same person: where each place of the fixed one lies in the moving one.

    Nobody uses it before a person has accepted it (``RegistrationDecision``).
    """

    class State(models.TextChoices):
        REQUESTED = "requested"
        FINISHED = "finished"
        FAILED = "failed"

    workitem = models.ForeignKey(
        Workitem, on_delete=models.CASCADE, related_name="registrations", help_text="The case of the fixed series."
    )
    fixed = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="+")
    moving = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="+")
    method = models.CharField(max_length=12, help_text="rigid, affine or deformable.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.REQUESTED)
    input_digest = models.CharField(max_length=64, help_text="Of the pixels of both series and how they are aligned.")
    said_to_be_one_person = models.BooleanField(
        default=False, help_text="The patient numbers differ; who asked for it said that they are one person's."
    )
    settings = models.JSONField(default=dict, help_text="How it was found.")
    numbers = models.JSONField(default=dict, help_text="See inference.engine.registration.measures.Numbers.")
    verdict = models.JSONField(default=dict, help_text="standing, reasons[]: what it is worth, in words.")
    transform_digest = models.CharField(max_length=64, blank=True, help_text="Blob: safetensors, fixed to moving.")
    moved = models.JSONField(
        default=dict,
        help_text="The moving series on the fixed slices: blob, frames[], low, high (inference.float_stacks).",
    )
    inconsistency = models.JSONField(
        default=dict, help_text="How far forth and back disagree, mm, on the fixed slices: blob, frames[]."
    )
    error_code = models.CharField(max_length=60, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    requested_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workitem", "fixed", "moving", "method", "input_digest"], name="registration_once"
            ),
            models.CheckConstraint(condition=~models.Q(fixed=models.F("moving")), name="registration_of_two_series"),
        ]


class RegistrationDecision(Identified):
    """A person's word on a registration. Written once; a later one stands before an earlier."""

    class Word(models.TextChoices):
        ACCEPTED = "accepted"
        REJECTED = "rejected"

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="decisions")
    number = models.PositiveSmallIntegerField(help_text="Counts the decisions about it, from 1.")
    word = models.CharField(max_length=10, choices=Word.choices)
    reason = models.TextField(blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["registration_id", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["registration", "number"], name="registration_decision_once")
        ]

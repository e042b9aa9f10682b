"""Reading: labels, work items, readings, findings with their revisions, reviews, comments and dataset snapshots.

A finding is a stable thing with a list of revisions; a revision is written once and never changed or removed.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from core.models import Identified, Project, User
from imaging.models import Study


class Label(Identified):
    """A coded concept that may be said of an image or drawn on it."""

    class Use(models.TextChoices):
        IMAGE = "image", "said of the whole image (present or absent)"
        REGION = "region", "drawn as a contour, box or measurement"
        SEGMENT = "segment", "painted as a mask"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="labels")
    key = models.SlugField(max_length=40, help_text="Short stable name, used by recipes and exports.")
    code_value = models.CharField(max_length=64)
    coding_scheme_designator = models.CharField(max_length=16)
    code_meaning = models.CharField(max_length=64)
    uses = models.JSONField(default=list, help_text="Which of image, region, segment.")
    color = models.CharField(max_length=7, help_text="#rrggbb")
    position = models.PositiveSmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)
    successor = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Used instead of it now."
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["position", "key"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "key"], name="label_key_once")]


class ReadingProtocol(Identified):
    """How a project is read."""

    class Reveal(models.TextChoices):
        AFTER_OWN_ANSWER = "after_own_answer", "model findings appear when the reader has submitted"
        ALWAYS = "always", "model findings are shown from the start"
        NEVER = "never", "readers never see model findings; reviewers do"

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="reading_protocol")
    reveal = models.CharField(max_length=20, choices=Reveal.choices, default=Reveal.AFTER_OWN_ANSWER)
    instructions = models.TextField(blank=True)
    required_labels = models.JSONField(
        null=True, blank=True, help_text="Keys of labels a reader must answer; null: all that are said of an image."
    )
    show_abandoned = models.BooleanField(
        default=False, help_text="The next reader sees what an abandoned reading had said."
    )
    pictures = models.JSONField(
        default=dict, help_text="Which pictures it is about: see annotations.rules.pictures; empty: the usual ones."
    )
    version = models.PositiveIntegerField(default=1, help_text="Of the project's title, description and protocol.")


class Workitem(Identified):
    """One study to be read in one project: it gathers the readings and carries the review.

    Its life is the table ``WORKITEM`` in ``annotations.rules.lifecycle``.
    """

    class State(models.TextChoices):
        OPEN = "open"
        CLAIMED = "claimed"
        SUBMITTED = "submitted"
        ACCEPTED = "accepted"
        CORRECTED = "corrected"
        REJECTED = "rejected"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="workitems")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="workitems")
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    version = models.PositiveIntegerField(default=1, help_text="Moves with each step; see Step.")
    round = models.PositiveSmallIntegerField(default=1, help_text="Of the review; each reopening begins a new one.")
    reviewer = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    priority = models.SmallIntegerField(default=0)
    ai_score = models.FloatField(null=True, blank=True, help_text="Highest calibrated probability, 0..1.")
    looked_for = models.JSONField(
        default=list, blank=True, help_text="Keys of the labels that some model has looked for: no other can be missed."
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    remark = models.TextField(blank=True, help_text="What the reviewer said with the last decision.")
    images_digest = models.CharField(max_length=64, blank=True, help_text="Of the images when it was last looked at.")
    updated_at = models.DateTimeField(default=timezone.now, help_text="Of the work item or any of its findings.")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "study"], name="workitem_once")]
        indexes: ClassVar = [models.Index(fields=["project", "state"])]

    @property
    def reading(self) -> Reading | None:
        """The reading that is in hand, or was last: of those that count the newest."""
        live = self.readings_that_count
        return live[-1] if live else None

    @property
    def readings_that_count(self) -> list[Reading]:
        """Those that were not abandoned, oldest first (uses ``readings`` where they were prefetched)."""
        return [one for one in self.readings.all() if one.state != Reading.State.ABANDONED]

    @property
    def reader(self) -> User | None:
        """Who reads or has read it."""
        reading = self.reading
        return reading.reader if reading else None


class Reading(Identified):
    """One reader's reading of one case. What the reader says hangs on it, and it alone may become the truth.

    Its life is the table ``READING`` in ``annotations.rules.lifecycle``. An abandoned one stays, and teaches nothing.
    """

    class State(models.TextChoices):
        CLAIMED = "claimed", "being read"
        SUBMITTED = "submitted", "handed in"
        RETURNED = "returned", "sent back by the reviewer"
        ABANDONED = "abandoned", "given up before it counted"

    class Ending(models.TextChoices):
        RELEASED = "released", "given back"
        REASSIGNED = "reassigned", "given to somebody else"
        READER_LEFT = "reader_left", "the reader's account was switched off, or they left the project or their role"

    workitem = models.ForeignKey(Workitem, on_delete=models.CASCADE, related_name="readings")
    reader = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices, default=State.CLAIMED)
    version = models.PositiveIntegerField(default=1)
    reveal = models.CharField(
        max_length=20,
        choices=ReadingProtocol.Reveal.choices,
        help_text="The protocol's rule when the case was claimed; it holds for this reading, whatever is set later.",
    )
    blind = models.BooleanField(
        default=True,
        help_text="Before the answer nothing could have shown the reader what a model said of the case; see Sight.",
    )
    claimed_at = models.DateTimeField(default=timezone.now)
    submitted_at = models.DateTimeField(null=True, blank=True)
    abandoned_at = models.DateTimeField(null=True, blank=True)
    ending = models.CharField(max_length=16, choices=Ending.choices, blank=True, help_text="Why it was abandoned.")
    seconds = models.PositiveIntegerField(default=0, help_text="Active seconds of reading.")
    images_at_claim = models.CharField(
        max_length=64, blank=True, help_text="Blob: the names of the images that were there when it was last claimed."
    )
    images_digest = models.CharField(
        max_length=64, blank=True, help_text="Blob: the names of the images that were there when it was handed in."
    )

    class Meta:
        ordering: ClassVar = ["claimed_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workitem", "reader"], condition=~models.Q(state="abandoned"), name="reading_live_once"
            ),
            models.CheckConstraint(
                condition=models.Q(state="abandoned", abandoned_at__isnull=False)
                | (~models.Q(state="abandoned") & models.Q(abandoned_at__isnull=True)),
                name="reading_abandoned_has_its_time",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["reader", "state"])]


class Sight(Identified):
    """Something of a model that was sent to the reader of a case: what, and when for the first time. Written once."""

    class What(models.TextChoices):
        FINDING = "finding", "a finding"
        SCORE = "score", "the score of the case"
        ANSWER = "answer", "what came of asking a model"
        MAP = "map", "a saliency map"
        OBJECT = "object", "an object of the archive that a model may have made"
        BEFORE = "before", "the protocol had revealed it before such things were kept one by one"

    reading = models.ForeignKey(Reading, on_delete=models.CASCADE, related_name="sights")
    what = models.CharField(max_length=8, choices=What.choices)
    of = models.CharField(max_length=64, blank=True, help_text="Id or UID of what was sent, where it has one.")

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["reading", "what", "of"], name="sight_once")]


class Glimpse(Identified):
    """What was said of a case, sent to somebody who does not read it, and when for the first time. Written once.

    Who had one reads the case a second time with that in mind, so no independent second reading is theirs.
    """

    class What(models.TextChoices):
        MODEL = "model", "something of a model"
        READING = "reading", "what other people said"
        BEFORE = "before", "whoever had an account by then could see both, before such things were kept"

    workitem = models.ForeignKey(Workitem, on_delete=models.CASCADE, related_name="glimpses")
    person = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    what = models.CharField(max_length=8, choices=What.choices)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workitem", "person", "what"], name="glimpse_once"),
            models.CheckConstraint(
                condition=models.Q(what="before", person__isnull=True)
                | (~models.Q(what="before") & models.Q(person__isnull=False)),
                name="glimpse_is_somebodys",
            ),
        ]


class Finding(Identified):
    """Something found in a study, by a person or by a model. What it says lies in its revisions.

    A model's finding carries the DICOM facts of the algorithm, not a key upstairs.
    """

    class Kind:
        """The kinds that are no shape; all stand in ``annotations.geometry.kinds``."""

        IMAGE_LABEL = "image_label"
        MASK = "mask"

    class AlgorithmType(models.TextChoices):
        MANUAL = "MANUAL"
        SEMIAUTOMATIC = "SEMIAUTOMATIC"
        AUTOMATIC = "AUTOMATIC"

    workitem = models.ForeignKey(Workitem, on_delete=models.CASCADE, related_name="findings")
    reading = models.ForeignKey(
        Reading,
        null=True,
        blank=True,
        on_delete=models.RESTRICT,
        related_name="findings",
        help_text="It was said in; null for a model's finding and for what a reviewer added.",
    )
    kind = models.CharField(max_length=16, help_text="One of annotations.geometry.kinds.")
    author = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    algorithm_type = models.CharField(max_length=16, choices=AlgorithmType.choices, default=AlgorithmType.MANUAL)
    algorithm_name = models.CharField(max_length=120, blank=True)
    algorithm_version = models.CharField(max_length=64, blank=True)
    proposal_key = models.CharField(
        max_length=64, blank=True, help_text="Opaque: the same proposal has the same key, so proposing twice is once."
    )
    probability = models.FloatField(null=True, blank=True, help_text="Calibrated, 0..1.")
    threshold = models.FloatField(
        null=True, blank=True, help_text="Of the version, for this label; a finding below it need not be decided."
    )
    superseded_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When a newer answer took the place of this model's finding; undecided, it needs no decision.",
    )
    head = models.ForeignKey("Revision", null=True, on_delete=models.PROTECT, related_name="+")
    deleted = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(algorithm_type="MANUAL", author__isnull=False)
                | (~models.Q(algorithm_type="MANUAL") & ~models.Q(algorithm_version="")),
                name="finding_has_an_author_or_an_algorithm",
            ),
            models.UniqueConstraint(
                fields=["workitem", "proposal_key"],
                condition=~models.Q(proposal_key=""),
                name="finding_proposed_once",
            ),
        ]


class Revision(Identified):
    """What a finding said from one moment on. Its digest is its ETag."""

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    author = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    label = models.ForeignKey(Label, null=True, on_delete=models.PROTECT, related_name="+")
    content = models.JSONField(help_text="See annotations.content: geometry, present, name, text, …")
    mask_digest = models.CharField(max_length=64, blank=True, help_text="Blob with the runs of a mask.")
    digest = models.CharField(max_length=64)
    cause = models.CharField(
        max_length=20, default="edit", help_text="edit, delete, restore, correction, proposal, merge"
    )
    client_key = models.CharField(max_length=64, blank=True, help_text="The same key again returns the same row.")
    difference = models.JSONField(default=dict, help_text="For a correction: IoU, Dice, mm against the parent.")
    ai_visible = models.BooleanField(default=False, help_text="The author could see model findings of this study.")

    class Meta:
        ordering: ClassVar = ["finding_id", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["finding", "number"], name="revision_number_once"),
            models.UniqueConstraint(
                fields=["finding", "client_key"],
                condition=~models.Q(client_key=""),
                name="revision_client_key_once",
            ),
        ]


class Review(Identified):
    """A reviewer's decision about one revision. Never changed; a later decision supersedes an earlier one."""

    class Decision(models.TextChoices):
        ACCEPTED = "accepted"
        CORRECTED = "corrected"
        REJECTED = "rejected"

    class Reason(models.TextChoices):
        NOT_PRESENT = "not_present", "There is no such finding"
        WRONG_LABEL = "wrong_label", "It is something else"
        WRONG_PLACE = "wrong_place", "The place is wrong"
        WRONG_EXTENT = "wrong_extent", "The outline is wrong"
        POOR_IMAGE = "poor_image", "The image does not allow a decision"
        RIGHT_FOR_WRONG_REASON = "right_for_wrong_reason", "Right answer, wrong place"
        DUPLICATE = "duplicate", "It is there twice"
        OTHER = "other", "Other (say what)"

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="reviews")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="reviews")
    corrected_revision = models.ForeignKey(Revision, null=True, on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=10, choices=Decision.choices)
    reason = models.CharField(max_length=24, choices=Reason.choices, blank=True)
    remark = models.TextField(blank=True)
    saliency_shown = models.BooleanField(default=False)
    at_sign_off = models.BooleanField(
        default=False, help_text="Accepted with the whole work item, not judged one by one."
    )
    difference = models.JSONField(default=dict)
    round = models.PositiveSmallIntegerField(default=1, help_text="The work item's when it was made; it counts in it.")

    class Meta:
        ordering: ClassVar = ["created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(decision="rejected") | ~models.Q(reason=""), name="review_rejection_has_reason"
            )
        ]


class Step(Identified):
    """One step in the life of a case: who moved it or changed what it says, when and why. Written once.

    Each step is one version of the work item, so what happened since a version is what a page has not seen.
    """

    class Kind(models.TextChoices):
        CLAIMED = "claimed"
        RELEASED = "released"
        ASSIGNED = "assigned"
        SUBMITTED = "submitted"
        WITHDRAWN = "withdrawn"
        ACCEPTED = "accepted", "signed off as it is"
        CORRECTED = "corrected", "signed off with corrections"
        REJECTED = "rejected", "sent back to its reader"
        REOPENED = "reopened"
        READ_AGAIN = "read_again", "given to another reader, who reads it blind"
        REVIEWED = "reviewed", "one finding was judged"
        REVISED = "revised", "one finding was drawn or changed after the reading was handed in"
        PROPOSED = "proposed", "a model spoke after the reading was handed in"
        IMAGES_ARRIVED = "images_arrived"
        CALIBRATED = "calibrated", "an image was calibrated after the reading was handed in"

    workitem = models.ForeignKey(Workitem, on_delete=models.CASCADE, related_name="steps")
    version = models.PositiveIntegerField(help_text="Of the work item after it.")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reading = models.ForeignKey(Reading, null=True, on_delete=models.CASCADE, related_name="+")
    finding = models.ForeignKey(Finding, null=True, on_delete=models.CASCADE, related_name="+")
    remark = models.TextField(blank=True, help_text="The reason or the words that came with it.")
    content_digest = models.CharField(
        max_length=64, blank=True, help_text="Of a sign-off: heads, standing decisions and images that were signed."
    )

    class Meta:
        ordering: ClassVar = ["version"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["workitem", "version"], name="step_version_once")]


class Comment(Identified):
    """A remark pinned to a place in an image, or to the whole work item."""

    workitem = models.ForeignKey(Workitem, on_delete=models.CASCADE, related_name="comments")
    finding = models.ForeignKey(Finding, null=True, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    pin = models.JSONField(null=True, help_text="{sop_instance_uid, frame_number, point: [column, row]} or null")

    class Meta:
        ordering: ClassVar = ["created_at"]


class Calibration(Identified):
    """A length that a person knows, drawn on an image without a place in the patient. Written once.

    The latest row of an image, or of a whole series, counts; one without a length withdraws what was said before.
    """

    workitem = models.ForeignKey(Workitem, on_delete=models.CASCADE, related_name="calibrations")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    series_instance_uid = models.CharField(max_length=64)
    sop_instance_uid = models.CharField(max_length=64, help_text="Of the image that the length was drawn on.")
    frame_number = models.PositiveIntegerField(default=1)
    whole_series = models.BooleanField(default=False, help_text="Holds for every image of the series of one size.")
    points = models.JSONField(help_text="Both ends: [[column, row], [column, row]] in pixels.")
    length_mm = models.FloatField(null=True, help_text="Known length; null: withdrawn.")
    row_mm = models.FloatField(null=True)
    column_mm = models.FloatField(null=True)
    rows = models.PositiveIntegerField(help_text="Of the image.")
    columns = models.PositiveIntegerField()

    class Meta:
        ordering: ClassVar = ["created_at", "id"]


class DatasetSnapshot(Identified):
    """A frozen list of accepted revisions with a patient-level split. Never edited; named by its digest."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="snapshots")
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64, unique=True)
    manifest_digest = models.CharField(max_length=64, help_text="Blob: JSON lines, one case a line, sorted.")
    question = models.CharField(max_length=24)
    label_keys = models.JSONField(default=list)
    counts = models.JSONField(default=dict, help_text="Cases, patients and positives by split and label.")
    datasheet_digest = models.CharField(
        max_length=64, blank=True, help_text="Blob: the datasheet, as it was when it was frozen; empty on old ones."
    )
    frozen_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["-created_at"]


class Withdrawal(Identified):
    """An admin's word that a patient, or a reader's work, teaches no more, or again. Written once; the latest stands.

    What was frozen and learned before stays in history; datasets that are frozen from now on go without.
    """

    class Kind(models.TextChoices):
        PATIENT = "patient"
        READER = "reader"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    patient_number = models.JSONField(null=True, help_text="Of a patient: Patient ID with its issuer, as sent.")
    study_instance_uids = models.JSONField(default=list, help_text="The patient's studies when it was said.")
    subject = models.CharField(max_length=64, db_index=True, help_text="SHA-256 of the number, or the reader's id.")
    reader = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn = models.BooleanField(help_text="False: teaches again.")
    reason = models.CharField(max_length=500)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["created_at", "id"]


class SnapshotRequest(Identified):
    """Somebody asked what freezing would hold, or to freeze; a job answers. What came of it is written here once."""

    class Kind(models.TextChoices):
        PREVIEW = "preview"
        FREEZE = "freeze"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    name = models.CharField(max_length=120, blank=True)
    question = models.CharField(max_length=24)
    label_keys = models.JSONField(default=list)
    requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    result = models.JSONField(null=True, help_text="Of a preview, or why nothing was frozen: counts, missing, ready.")
    snapshot = models.ForeignKey(DatasetSnapshot, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["-created_at"]

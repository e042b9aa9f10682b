"""The archive's index. Field names are DICOM keywords in snake_case; the files themselves lie in the blob store."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from core.models import Identified, Project, User
from imaging.dicom.names import name_form, words_form
from imaging.dicom.object_kinds import ObjectKind, object_kind


class Patient(Identified):
    """One person, as far as Patient ID and issuer (with its qualifiers) tell; each study keeps its own statement.

    Where an admin found that one Patient ID was given to several persons, they are told apart by ``person_number``.
    """

    patient_id = models.CharField(max_length=256, blank=True)
    issuer_of_patient_id = models.CharField(max_length=64, blank=True)
    issuer_qualifiers = models.CharField(
        max_length=160, blank=True, help_text="Universal Entity ID and its type, of the issuer's qualifiers."
    )
    unidentified = models.CharField(
        max_length=64, blank=True, help_text="Stands for the Patient ID where a study has none: nobody is merged."
    )
    person_number = models.PositiveSmallIntegerField(default=1)
    identity_clash = models.BooleanField(
        default=False, db_index=True, help_text="Its studies name different persons, and no admin has decided yet."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["issuer_of_patient_id", "issuer_qualifiers", "patient_id", "unidentified", "person_number"],
                name="patient_once",
            )
        ]


class Study(Identified):
    """One study with its own patient module, and the counts that QIDO-RS answers kept beside it."""

    study_instance_uid = models.CharField(max_length=64, unique=True)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="studies")
    patient_name = models.CharField(max_length=324, blank=True, help_text="As sent in this study, all groups.")
    patient_birth_date = models.DateField(null=True, blank=True)
    patient_sex = models.CharField(max_length=16, blank=True)
    text_code = models.CharField(
        max_length=20, blank=True, help_text="Why letters of its texts may be wrong: see imaging.dicom.charsets."
    )
    study_date = models.DateField(null=True, blank=True, db_index=True)
    study_time = models.CharField(max_length=16, blank=True)
    timezone_offset_from_utc = models.CharField(max_length=5, blank=True)
    studied_at = models.DateTimeField(
        null=True, blank=True, db_index=True, help_text="Study Date and Time as a moment, where their offset is known."
    )
    study_id = models.CharField(max_length=16, blank=True)
    accession_number = models.CharField(max_length=64, blank=True, db_index=True)
    study_description = models.CharField(max_length=256, blank=True)
    referring_physician_name = models.CharField(max_length=324, blank=True)
    patient_name_form = models.TextField(blank=True, help_text="Search form: see imaging.dicom.names.")
    referring_physician_form = models.TextField(blank=True, help_text="Search form, as of the patient's name.")
    search_form = models.TextField(blank=True, help_text="All that a word of the worklist's search is looked up in.")
    patient_age = models.CharField(max_length=8, blank=True)
    modalities_in_study = models.CharField(max_length=120, blank=True, help_text="Backslash separated, sorted.")
    body_parts_examined = models.CharField(max_length=200, blank=True, help_text="Backslash separated, sorted.")
    number_of_study_related_series = models.PositiveIntegerField(default=0)
    number_of_study_related_instances = models.PositiveIntegerField(default=0)
    projects = models.ManyToManyField(Project, through="ProjectStudy", related_name="studies")

    def save(self, **kwargs: Any) -> None:
        """Save with the search forms that follow from the texts."""
        self.patient_name_form = name_form(self.patient_name)
        self.referring_physician_form = name_form(self.referring_physician_name)
        self.search_form = words_form(
            self.patient_name, self.patient.patient_id, self.accession_number, self.study_description,
            self.study_instance_uid,
        )  # fmt: skip
        fields = kwargs.get("update_fields")
        if fields is not None and not _FORM_SOURCES.isdisjoint(fields):
            kwargs["update_fields"] = {*fields, "patient_name_form", "referring_physician_form", "search_form"}
        super().save(**kwargs)


_FORM_SOURCES = frozenset(
    {"patient", "patient_name", "referring_physician_name", "accession_number", "study_description"}
)


class PatientStatement(Identified):
    """What some instance of a study says of its patient where that contradicts what the study says."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="other_statements")
    patient_name = models.CharField(max_length=324, blank=True)
    patient_birth_date = models.DateField(null=True, blank=True)
    patient_sex = models.CharField(max_length=16, blank=True)


class IdentityDecision(Identified):
    """An admin's word on who is who under one Patient ID. Written once; a later decision stands before an earlier."""

    patient_id = models.CharField(max_length=256, blank=True)
    issuer_of_patient_id = models.CharField(max_length=64, blank=True)
    issuer_qualifiers = models.CharField(max_length=160, blank=True)
    unidentified = models.CharField(max_length=64, blank=True, help_text="As of the patient, where there is no ID.")
    persons = models.JSONField(help_text="[[statement, …] of one person, …]; a statement: name, birth date, sex.")
    reason = models.CharField(max_length=500)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["patient_id", "issuer_of_patient_id"])]


class ProjectStudy(Identified):
    """A study shown to the members of a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="project_studies")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="project_studies")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "study"], name="study_once_in_project")]


class Series(Identified):
    """One series; ``geometry`` is what ``imaging.services.series_index`` found out about its space."""

    series_instance_uid = models.CharField(max_length=64, unique=True)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="series")
    modality = models.CharField(max_length=16, db_index=True)
    series_number = models.IntegerField(null=True, blank=True)
    series_description = models.CharField(max_length=256, blank=True)
    body_part_examined = models.CharField(max_length=64, blank=True)
    laterality = models.CharField(max_length=16, blank=True)
    view_position = models.CharField(max_length=16, blank=True)
    manufacturer = models.CharField(max_length=128, blank=True)
    manufacturer_model_name = models.CharField(max_length=128, blank=True)
    protocol_name = models.CharField(max_length=128, blank=True)
    frame_of_reference_uid = models.CharField(max_length=64, blank=True)
    number_of_series_related_instances = models.PositiveIntegerField(default=0)
    geometry = models.JSONField(default=dict, help_text="See imaging.dicom.geometry.SeriesGeometry.")
    indexed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "series"


class Instance(Identified):
    """One SOP instance: where its bytes are, where its frames are in them, and how it may be shown."""

    class Display(models.TextChoices):
        AS_STORED = "as_stored", "frames are sent as stored"
        CONVERTED = "converted", "frames are converted to RGB on the server (palette and the like)"
        NO_PIXELS = "no_pixels", "has no image"
        UNDECODABLE = "undecodable", "has pixels that no decoder here reads"

    sop_instance_uid = models.CharField(max_length=64, unique=True)
    sop_class_uid = models.CharField(max_length=64)
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="instances")
    instance_number = models.IntegerField(null=True, blank=True)
    transfer_syntax_uid = models.CharField(max_length=64)
    blob_digest = models.CharField(max_length=64, help_text="SHA-256 of the Part 10 file; its key in the blob store.")
    version = models.PositiveSmallIntegerField(default=1, help_text="Counts up when another version is shown instead.")
    byte_size = models.BigIntegerField()
    pixel_digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the pixel data element's bytes.")
    decoded_digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the decoded frames, where all of them were decoded at arrival."
    )
    header_digest = models.CharField(max_length=64, help_text="Blob with the DICOM JSON model, zlib-compressed.")
    rows = models.PositiveIntegerField(null=True, blank=True)
    columns = models.PositiveIntegerField(null=True, blank=True)
    number_of_frames = models.PositiveIntegerField(default=0)
    samples_per_pixel = models.PositiveSmallIntegerField(null=True, blank=True)
    bits_allocated = models.PositiveSmallIntegerField(null=True, blank=True)
    photometric_interpretation = models.CharField(max_length=24, blank=True)
    image_type = models.CharField(max_length=160, blank=True, help_text="Backslash separated, upper case.")
    view_position = models.CharField(max_length=64, blank=True)
    body_part_examined = models.CharField(max_length=64, blank=True)
    subject = models.CharField(
        max_length=20, default="patient", help_text="What is on it: see imaging.dicom.picture_values."
    )
    frame_spans = models.JSONField(
        default=list, help_text="[[offset, length], …] of each frame's bytes in the file; empty when not contiguous."
    )
    display = models.CharField(max_length=12, choices=Display.choices)
    display_code = models.CharField(max_length=60, blank=True, help_text="Why it is not shown, as an error code.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(display__in=["as_stored", "converted", "no_pixels", "undecodable"]),
                name="instance_display_known",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["blob_digest"]), models.Index(fields=["pixel_digest"])]

    @property
    def kind(self) -> ObjectKind:
        """What it is: a picture, a layer, a document …"""
        has_pixels = self.display != Instance.Display.NO_PIXELS
        return object_kind(self.sop_class_uid, self.transfer_syntax_uid, has_pixels=has_pixels)

    @property
    def is_decodable(self) -> bool:
        """True when its pixels can be drawn, by itself or as a layer of others."""
        return self.display in DECODABLE

    @property
    def is_shown(self) -> bool:
        """True when it is a picture that can be shown (the queries' form: ``imaging.selectors.shown``)."""
        return self.is_decodable and self.kind is ObjectKind.PICTURE


#: How an instance is shown whose pixels a decoder here reads.
DECODABLE = (Instance.Display.AS_STORED, Instance.Display.CONVERTED)


class InstanceConflict(Identified):
    """The same SOP Instance UID came again with other content: both versions are kept, the first is shown."""

    class Kind(models.TextChoices):
        PIXELS = "pixels", "other pixels"
        HEADER = "header", "the same pixels, another header"
        UNKNOWN = "unknown", "pixels that could not be compared"
        STUDY = "study", "another study or series"

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="conflicts")
    first_digest = models.CharField(max_length=64, help_text="The file that was shown when the other version came.")
    first_header_digest = models.CharField(max_length=64)
    refused_digest = models.CharField(max_length=64, help_text="The other version's file in the blob store.")
    header_digest = models.CharField(max_length=64, blank=True, help_text="Its header; empty: it was not kept.")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.UNKNOWN)
    byte_size = models.BigIntegerField()
    source = models.CharField(max_length=200)
    received_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["instance", "refused_digest"], name="conflict_once")]


class ConflictDecision(Identified):
    """An admin's word on a conflict. Written once; the latest stands; both versions stay in the blob store."""

    class Verdict(models.TextChoices):
        KEEP = "keep"
        SUPERSEDE = "supersede"

    conflict = models.ForeignKey(InstanceConflict, on_delete=models.CASCADE, related_name="decisions")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    reason = models.CharField(max_length=500)
    shown_before = models.CharField(max_length=64, help_text="Blob digest of the version shown until then.")
    shown_after = models.CharField(max_length=64)
    pixels_changed = models.BooleanField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")


class Upload(Identified):
    """A batch of files that came through one door at one time."""

    class Door(models.TextChoices):
        BROWSER = "browser"
        COMMAND = "command"
        STOW = "stow"

    door = models.CharField(max_length=10, choices=Door.choices)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    received_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)


class UploadVerdict(Identified):
    """What became of one file (or one entry of a zip) of an upload."""

    class Outcome(models.TextChoices):
        STORED = "stored"
        ALREADY_STORED = "already_stored"
        CONFLICT = "conflict"
        REFUSED = "refused"

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="verdicts")
    file_name = models.CharField(max_length=400)
    byte_size = models.BigIntegerField()
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    code = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=400, blank=True)
    instance = models.ForeignKey(Instance, null=True, on_delete=models.SET_NULL, related_name="+")


class SamePersonDecision(Identified):
    """An admin's word on whether two patient numbers are one person's. Written once; the latest of a pair stands."""

    class Verdict(models.TextChoices):
        ONE_PERSON = "one_person", "one person under two numbers"
        DIFFERENT = "different", "two persons"

    first = models.JSONField(help_text="Of the one: patient_id, issuer_of_patient_id, issuer_qualifiers, unidentified.")
    second = models.JSONField(help_text="Of the other; the pair is kept in one order.")
    pair = models.CharField(max_length=64, db_index=True, help_text="SHA-256 of both: decisions about one pair meet.")
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    reason = models.CharField(max_length=500)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")


class PictureHash(Identified):
    """What a picture looks like in a few bits, so that near copies are found (``imaging.dicom.looks``)."""

    instance = models.OneToOneField(Instance, on_delete=models.CASCADE, related_name="looks")
    blob_digest = models.CharField(max_length=64, help_text="Of the file that it was made of.")
    bits = models.CharField(max_length=64, blank=True, help_text="256 bits, hexadecimal; empty where it has none.")
    code = models.CharField(max_length=40, blank=True, help_text="Why there are none: plain, many_frames, unreadable.")
    revision = models.PositiveSmallIntegerField(help_text="Of the way in which it was made.")


class NearCopy(Identified):
    """Two pictures of different patients that look alike; a person says whether they are one picture."""

    first = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="+")
    distance = models.PositiveSmallIntegerField(help_text="How many of the 256 bits differ.")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["first", "second"], name="near_copy_once")]


class NearCopyDecision(Identified):
    """What a person saw when both pictures lay side by side. Written once; the latest stands."""

    class Verdict(models.TextChoices):
        ONE_PICTURE = "one_picture", "one picture"
        DIFFERENT = "different", "different pictures"

    near_copy = models.ForeignKey(NearCopy, on_delete=models.CASCADE, related_name="decisions")
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    first_digest = models.CharField(max_length=64, help_text="Of the file that was seen.")
    second_digest = models.CharField(max_length=64)
    remark = models.CharField(max_length=500, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

"""The archive's index. Field names are DICOM keywords in snake_case; the files themselves lie in the blob store."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from core.models import Identified, Project, User
from imaging.dicom.object_kinds import ObjectKind, object_kind


class Patient(Identified):
    """A patient as the sender named them: unique by Patient ID within its issuer."""

    patient_id = models.CharField(max_length=64)
    issuer_of_patient_id = models.CharField(max_length=64, blank=True)
    patient_name = models.CharField(max_length=324, blank=True)
    patient_birth_date = models.DateField(null=True, blank=True)
    patient_sex = models.CharField(max_length=16, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer_of_patient_id", "patient_id"], name="patient_once")
        ]


class Study(Identified):
    """One study, with the counts that QIDO-RS answers kept beside it."""

    study_instance_uid = models.CharField(max_length=64, unique=True)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="studies")
    study_date = models.DateField(null=True, blank=True, db_index=True)
    study_time = models.CharField(max_length=16, blank=True)
    study_id = models.CharField(max_length=16, blank=True)
    accession_number = models.CharField(max_length=64, blank=True, db_index=True)
    study_description = models.CharField(max_length=256, blank=True)
    referring_physician_name = models.CharField(max_length=324, blank=True)
    patient_age = models.CharField(max_length=8, blank=True)
    modalities_in_study = models.CharField(max_length=120, blank=True, help_text="Backslash separated, sorted.")
    body_parts_examined = models.CharField(max_length=200, blank=True, help_text="Backslash separated, sorted.")
    number_of_study_related_series = models.PositiveIntegerField(default=0)
    number_of_study_related_instances = models.PositiveIntegerField(default=0)
    projects = models.ManyToManyField(Project, through="ProjectStudy", related_name="studies")


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
    byte_size = models.BigIntegerField()
    pixel_digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the pixel data element's bytes.")
    header_digest = models.CharField(max_length=64, help_text="Blob with the DICOM JSON model, zlib-compressed.")
    rows = models.PositiveIntegerField(null=True, blank=True)
    columns = models.PositiveIntegerField(null=True, blank=True)
    number_of_frames = models.PositiveIntegerField(default=0)
    samples_per_pixel = models.PositiveSmallIntegerField(null=True, blank=True)
    bits_allocated = models.PositiveSmallIntegerField(null=True, blank=True)
    photometric_interpretation = models.CharField(max_length=24, blank=True)
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
    """The same SOP Instance UID came again with other content: the first was kept, this is the record."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="conflicts")
    refused_digest = models.CharField(max_length=64)
    byte_size = models.BigIntegerField()
    source = models.CharField(max_length=200)
    received_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["instance", "refused_digest"], name="conflict_once")]


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

"""What the audit trail records, and how each act is classed: every kind stands here, once."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class AuditKind(StrEnum):
    """``noun.verbed``, with the action of DICOM PS3.15 A.5: C, R, U, D or E (executed).

    A kind is never renamed: rows that were written stay as they are.
    """

    action: str

    def __new__(cls, value: str, action: str) -> Self:
        """Keep the action beside the value."""
        kind = str.__new__(cls, value)
        kind._value_, kind.action = value, action
        return kind

    ARCHIVE_CHECKED = "archive.checked", "E"
    AUDIT_READ = "audit.read", "R"
    AUDIT_VERIFIED = "audit.verified", "E"
    CALIBRATION_ADDED = "calibration.added", "C"
    CALIBRATION_WITHDRAWN = "calibration.withdrawn", "C"
    COMMENT_ADDED = "comment.added", "C"
    CONFLICT_DECIDED = "conflict.decided", "U"
    CONFLICT_READ = "conflict.read", "R"
    EVALUATION_FINISHED = "evaluation.finished", "C"
    EVALUATION_REQUESTED = "evaluation.requested", "E"
    FINDING_CREATED = "finding.created", "C"
    FINDING_DELETED = "finding.deleted", "D"
    FINDING_PROPOSED = "finding.proposed", "C"
    FINDING_RESTORED = "finding.restored", "U"
    FINDING_REVISED = "finding.revised", "U"
    IDENTITY_DECIDED = "identity.decided", "U"
    IDENTITY_READ = "identity.read", "R"
    INSTANCE_CONFLICT = "instance.conflict", "C"
    INSTANCE_ALREADY_STORED = "instance.already_stored", "C"
    INSTANCE_REFUSED = "instance.refused", "C"
    INSTANCE_STORED = "instance.stored", "C"
    JOB_CANCELLED = "job.cancelled", "U"
    LABEL_CHANGED = "label.changed", "U"
    LABEL_CREATED = "label.created", "C"
    MEMBERSHIP_ENDED = "membership.ended", "D"
    MEMBERSHIP_SET = "membership.set", "U"
    MODEL_CREATED = "model.created", "C"
    MODEL_PROMOTED = "model.promoted", "U"
    MODEL_ROLLED_BACK = "model.rolled_back", "U"
    NEAR_COPY_DECIDED = "near_copy.decided", "U"
    PERSON_DECIDED = "person.decided", "U"
    PICTURES_PREVIEWED = "pictures.previewed", "R"
    PLAN_DECLARED = "plan.declared", "C"
    PREDICTION_FINISHED = "prediction.finished", "U"
    PREDICTION_REQUESTED = "prediction.requested", "C"
    PROJECT_CHANGED = "project.changed", "U"
    PROJECT_CREATED = "project.created", "C"
    READING_ABANDONED = "reading.abandoned", "U"
    REGISTRATION_DECIDED = "registration.decided", "U"
    REGISTRATION_FINISHED = "registration.finished", "U"
    REGISTRATION_REQUESTED = "registration.requested", "C"
    REVIEW_RECORDED = "review.recorded", "C"
    SALIENCY_REQUESTED = "saliency.requested", "C"
    SERIES_READ = "series.read", "R"
    SETTINGS_PROPOSED = "settings.proposed", "C"
    SNAPSHOT_FROZEN = "snapshot.frozen", "C"
    SNAPSHOT_REQUESTED = "snapshot.requested", "E"
    SUSPECTS_FOUND = "suspects.found", "U"
    SUSPECTS_REQUESTED = "suspects.requested", "C"
    TEACHING_WITHDRAWN = "teaching.withdrawn", "U"
    TOKEN_MADE = "token.made", "C"
    TOKEN_REVOKED = "token.revoked", "D"
    TRAINING_CANCELLED = "training.cancelled", "U"
    TRAINING_FINISHED = "training.finished", "U"
    TRAINING_REQUESTED = "training.requested", "C"
    TRAINING_RESUMED = "training.resumed", "U"
    UPLOAD_FINISHED = "upload.finished", "U"
    UPLOAD_OPENED = "upload.opened", "C"
    USER_CHANGED = "user.changed", "U"
    USER_CREATED = "user.created", "C"
    USER_LOCKED_OUT = "user.locked_out", "E"
    USER_LOGIN = "user.login", "E"
    USER_LOGOUT = "user.logout", "E"
    USER_PASSWORD_CHANGED = "user.password_changed", "U"
    VERSION_IMPORTED = "version.imported", "C"
    VERSION_REFUSED = "version.refused", "U"
    WORKITEM_ACCEPTED = "workitem.accepted", "U"
    WORKITEM_ASSIGNED = "workitem.assigned", "U"
    WORKITEM_CLAIMED = "workitem.claimed", "U"
    WORKITEM_CORRECTED = "workitem.corrected", "U"
    WORKITEM_OPENED = "workitem.opened", "C"
    WORKITEM_READ_AGAIN = "workitem.read_again", "U"
    WORKITEM_REJECTED = "workitem.rejected", "U"
    WORKITEM_RELEASED = "workitem.released", "U"
    WORKITEM_REOPENED = "workitem.reopened", "U"
    WORKITEM_SUBMITTED = "workitem.submitted", "U"
    WORKITEM_WITHDRAWN = "workitem.withdrawn", "U"

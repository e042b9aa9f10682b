"""Which patients train, validate and test: a keyed hash of the patient, so nobody ever moves as data grow."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from django.conf import settings

from imaging.models import Patient

SPLITS: Final = ("train", "validation", "test")
_TRAIN, _VALIDATION = 0.70, 0.85
_KEY_LENGTH: Final = 32


def keyed(purpose: str, name: str) -> bytes:
    """Return a digest that only this site can make: of a name, for one purpose."""
    key = str(settings.OVERREAD_SPLIT_KEY).encode()
    return hmac.new(key, f"{purpose}\0{name}".encode(), hashlib.sha256).digest()


def patient_key(patient: Patient) -> str:
    """Return the pseudonym of a patient: the same on this site for ever, useless without the site's key.

    It follows from Patient ID and issuer alone. Persons whom an admin told apart under one Patient ID, and studies
    whose identity nobody has decided yet, share it and so one split: nobody can be on both sides by mistake.
    """
    name = f"{patient.issuer_of_patient_id}\0{patient.patient_id or patient.unidentified}"
    return keyed("patient", name).hex()[:_KEY_LENGTH]


def split_of(key: str) -> str:
    """Return the split of a patient's pseudonym: 70 % train, 15 % validation, 15 % test."""
    place = int.from_bytes(keyed("split", key)[:8], "big") / 2**64
    return SPLITS[0] if place < _TRAIN else SPLITS[1] if place < _VALIDATION else SPLITS[2]

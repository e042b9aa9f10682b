"""Why a file is not taken in: stable codes, each with a sentence that says what is wrong and what to do."""

from __future__ import annotations

from typing import Final

from core.errors import Invalid

#: Code → sentence. Codes are part of the API: clients and tests branch on them. The codes of undecodable pixels
#: (``imaging.dicom.pixels``, ``imaging.dicom.frames``) come with sentences of their own.
REFUSALS: Final[dict[str, str]] = {
    "empty_file": "The file is empty. Export it again.",
    "file_too_large": "The file is over 512 MiB. Split the multi-frame object, or ask an admin.",
    "not_dicom": "This is not a DICOM file. Convert it to DICOM first, or leave it out.",
    "dicomdir": "A DICOMDIR is only a list of files. Choose the folder with the images.",
    "truncated": "The file ends in the middle of its content. Export or send it again.",
    "unreadable": "The file's content is broken in a way that cannot be read. Export or send it again.",
    "missing_uid": "The file lacks its study, series, SOP class or SOP instance UID, so it cannot be filed.",
    "bad_uid": "A UID of the file is not a valid DICOM UID (digits and dots, at most 64). Export the file again.",
    "uid_mismatch": "The file's series is known as part of another study. Ask the sender to correct its UIDs.",
    "identity_too_long": "Patient ID or its issuer is too long to be told from others. Ask the sender to correct it.",
    "patient_mismatch": "The file's study is known as another patient's. Ask the sender to correct its patient ID.",
    "study_elsewhere": "This study is in a project that you cannot store in. Ask an admin to add it to yours.",
    "decompression_limit": "The compressed content grows beyond the limit when it is unpacked. It is not opened.",
    "deflate_broken": "The compressed content cannot be unpacked. Export or send the file again.",
    "nesting_limit": "Sequences are nested more than 64 deep. The file is not opened.",
    "element_limit": "The file has more than 200,000 elements. It is not opened.",
    "header_too_large": "The file's header is over 32 MiB. Export it again without private elements.",
    "image_too_large": "One frame is over 256 MiB when decoded. The file is not opened.",
    "image_header_incomplete": "The header does not say how large the image is or how its pixels lie. Export it again.",
    "pixel_data_missing": "This is an image without its pixel data. Send the whole image from its source.",
    "pixel_size_mismatch": "The pixel data are not as long as the header says. Export or send the file again.",
    "frame_count_wrong": "The number of frames in the header is not the number in the file. Export the file again.",
    "bad_number": "A spacing, position or rescale value is not a usable number, so nothing could be measured.",
    "pixels_undecodable": "The pixel data cannot be decoded: they are broken. Export or send the file again.",
    "transfer_syntax_unsupported": "No decoder for this transfer syntax is installed. Send it in another encoding.",
    "parse_timeout": "Reading the file took too long. It is not stored. Send it uncompressed, or ask an admin.",
    "parse_crashed": "Reading the file made the reader fail. It is not stored. Tell an admin which file it was.",
    "parse_memory": "Reading the file took too much memory. It is not stored. Send it in parts, or ask an admin.",
    "storage_full": "The server could not write the file. Ask an admin to look at the disk, then try again.",
    "zip_too_large": "The archive holds more than 20,000 files or grows too much. Upload it in parts.",
    "zip_encrypted": "The archive is encrypted. Unpack it first.",
    "zip_broken": "The archive is damaged or packed in a way that is not read here. Pack it again as a plain zip.",
    "zip_nested": "An archive inside an archive is not opened. Unpack it first.",
    "not_an_image_file": "Links, folder lists and system files are skipped.",
}


class Refused(Invalid):
    """A file that is not taken in; the code says why, the message what to do."""


def refusal(code: str, *, offset: int | None = None) -> Refused:
    """Return the refusal for a code of ``REFUSALS``.

    Args:
        offset: where in the file the trouble is, in bytes, where that is known.
    """
    where = f" (At byte {offset:,}.)" if offset is not None else ""
    return Refused(code, REFUSALS[code] + where)

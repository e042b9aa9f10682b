"""What somebody should know before they freeze, in sentences: who counts as one, and what could not be compared."""

from __future__ import annotations

from typing import Any, Final

from core.numbers import how_many

Json = dict[str, Any]
_WHY: Final = {
    "decided": "an admin said so",
    "same_name_and_birth_date": "one name and birth date",
    "same_name_no_birth_date": "one name (a birth date is missing)",
    "same_id_other_issuer": "one Patient ID of two issuers",
    "same_picture": "one and the same picture",
    "confirmed_copy": "a near copy that a person confirmed",
}


def notes_of(facts: Json) -> list[str]:
    """Return a sentence for each thing that is not as it should be; ``facts`` from ``annotations.dataset.apart``."""
    persons, near, compared = facts["persons"], facts["near_copies"], facts["compared"]
    found: list[str] = []
    if several := persons["persons_with_several_numbers"]:
        why = ", ".join(words for code, words in _WHY.items() if code in persons["reasons"])
        found.append(
            f"{how_many(several, 'person has', 'persons have')} several Patient IDs ({why}) and stand on the strictest "
            "side of all of them. See Archive."
        )
    if near["not_judged"]:
        found.append(
            f"{how_many(near['not_judged'], 'pair of pictures looks', 'pairs of pictures look')} alike and nobody has "
            "compared them. See Archive."
        )
    if compared["without_decoded_digest"]:
        found.append(
            f"{how_many(compared['without_decoded_digest'], 'image', 'images')} could be compared only as stored, not "
            "by decoded pixels: a compressed copy would not be found."
        )
    unseen = compared["without_looks"] - compared["why_without_looks"].get("many_frames", 0)
    if unseen:
        found.append(f"{how_many(unseen, 'image', 'images')} could not be compared by their looks.")
    if persons["undecided_identities"]:
        found.append(
            f"{how_many(persons['undecided_identities'], 'Patient ID names', 'Patient IDs name')} several persons, "
            "undecided: each counts as one. See Archive."
        )
    return found

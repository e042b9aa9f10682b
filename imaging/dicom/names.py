"""Names of every alphabet: the form in which they are searched, and whether two of them may be one person's.

A person name has up to three component groups (alphabetic, ideographic, phonetic), parted by ``=``, of components
parted by ``^`` (PS3.5 6.2.1).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: Letters that Unicode does not take apart, as their nearest plain ones.
_PLAIN: Final = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
#: Canonical combining classes: the points of Hebrew and Arabic; accents around the letters of all alphabets.
_POINTS: Final = (10, 36)
_ABOVE_AND_BELOW: Final = 200
_SPACES: Final = re.compile(r"[\s_]+")
_WORD_PARTS: Final = re.compile(r"[\s^,.;\-‐-―・･·/]+")
_SILENT: Final = re.compile(r"['’`´ʼ\"]")
_GERMAN: Final = (("ae", "a"), ("oe", "o"), ("ue", "u"))


def _is_accent(letter: str) -> bool:
    """Say whether a mark only refines its letter; those that make another sound of it (タ, ダ; ไม, ไม้) do not."""
    place = unicodedata.combining(letter)
    return _POINTS[0] <= place <= _POINTS[1] or place >= _ABOVE_AND_BELOW


def fold(text: str) -> str:
    """Return the text without case, accents, widths and doubled spaces, the same on every database.

    Marks are taken off after compatibility decomposition, what is left is composed again: Müller and MULLER,
    ｶﾀｶﾅ and カタカナ, ΠΑΠΠΆΣ and παππας meet.
    """
    taken_apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in taken_apart if not _is_accent(letter)).translate(_PLAIN)
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", plain).casefold()).strip()


def _group(text: str) -> str:
    """Return one component group, folded, without empty components at its end."""
    return "^".join(fold(component) for component in text.split("^")).rstrip("^")


def name_form(name: str) -> str:
    """Return the search form of a person name: ``=alphabetic=ideographic=phonetic=``; empty for no name."""
    groups = [_group(group) for group in name.replace("\\", "=").split("=")]
    return f"={'='.join(group for group in groups if group)}=" if any(groups) else ""


def words_form(*texts: str) -> str:
    """Return several texts as one form in which single words are looked up."""
    return "\n".join(fold(text) for text in texts if text)


def _words(group: str) -> frozenset[str]:
    return frozenset(word for word in _WORD_PARTS.split(_SILENT.sub("", fold(group))) if word)


def _unspelled(words: frozenset[str]) -> frozenset[str]:
    """Return the words with ä, ö, ü as one letter, however they were written."""
    found = set()
    for word in words:
        for spelled, letter in _GERMAN:
            word = word.replace(spelled, letter)
        found.add(word)
    return frozenset(found)


def may_be_one_name(first: str, second: str) -> bool:
    """Say whether two person names may name one person.

    They may where nothing speaks against it in any component group that both have: case, accents, punctuation and
    the order of the words say nothing, and a word that one of them lacks (a second given name) is merely missing.

    Args:
        first: a person name as sent, all component groups.
        second: another.
    """
    for left, right in zip(first.split("="), second.split("="), strict=False):
        one, other = _words(left), _words(right)
        if not one or not other or one <= other or other <= one:
            continue
        one, other = _unspelled(one), _unspelled(other)
        if not (one <= other or other <= one):
            return False
    return True

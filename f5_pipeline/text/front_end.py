"""The entry points of the text front end: from written text to the model's input text. Pure; no torch.

``english`` and ``languages`` have the rules of each language; ``alphabet`` fits a text to the vocabulary.
"""

from __future__ import annotations

import re
import unicodedata

from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.text.alphabet import fit, unsayable
from f5_pipeline.text.english import english, spell_acronyms
from f5_pipeline.text.languages import other_language
from f5_pipeline.text.pronunciation import NO_WORDS, Lexicon, put_back

_PLAIN = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "ʼ": "'", "‹": "'", "›": "'", "´": "'",
        "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"',
        "‐": "-", "‑": "-", "‒": "–", "―": "—", "−": "-", "…": "...", "⁄": "/", "∕": "/", "•": " ", "\u00ad": "",
    }
)  # fmt: skip
_VULGAR = {c: unicodedata.normalize("NFKC", c).replace("\u2044", "/") for c in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"}
_KEPT_FORMATS = "\u200c\u200d"  # joiners that shape Persian and Indic words
_SENTENCE_MARKS = tuple(".!?。！？।؟…")
_BLANKS = re.compile(r"[^\S\n]+")
_PARAGRAPH = re.compile(r" ?\n ?(?:\n ?)+")


def normalise(text: str, language: str, spec: ModelSpec, lexicon: Lexicon = NO_WORDS) -> str:
    """The text as it is spoken: NFC, plain punctuation, numbers and abbreviations in words.

    Words in the lexicon are replaced by their pronunciation, and no rule changes these. Paragraphs stay separated by
    one blank line, which the chunker turns into a pause. Without a lexicon the function is idempotent.
    """
    text = tidy(text)
    parts = _PARAGRAPH.split(_BLANKS.sub(" ", text)) if "\n" in text else [text]
    return "\n\n".join(spoken for part in parts if (spoken := _paragraph(part, language.lower(), spec, lexicon)))


def spoken(
    text: str, language: str, spec: ModelSpec, vocabulary: frozenset[str] | None, lexicon: Lexicon = NO_WORDS
) -> tuple[str, list[str]]:
    """The text after ``normalise`` and ``fitted``, and the characters that remain unsayable."""
    return fitted(normalise(text, language, spec, lexicon), spec, vocabulary)


def fitted(text: str, spec: ModelSpec, vocabulary: frozenset[str] | None) -> tuple[str, list[str]]:
    """A normalised text fitted to the model's vocabulary, and the characters that remain unsayable.

    Without a vocabulary (because it is not on this machine) the text is returned unchanged and unchecked.
    """
    if vocabulary is None:
        return text, []
    text = fit(text, vocabulary, spec.tokenizer)
    return text, unsayable(text, vocabulary, spec.tokenizer)


def reference_text(transcript: str) -> str:
    """``ref_text``: the tidy transcript with a sentence mark and one space at its end (no space after 。！？).

    F5 gets this text and the text to speak as one string; the mark and the space separate them.
    """
    text = " ".join(tidy(transcript).split())
    if text and text.rstrip("\"')]»")[-1:] not in _SENTENCE_MARKS:
        text = text.rstrip(",;:- ") + ("。" if "\u3040" <= text[-1] <= "\u9fff" else ".")
    return text if text[-1:] in ("", *"。！？") else text + " "


def has_speech(text: str) -> bool:
    """True if the text has a letter or digit of any script."""
    return any(c.isalnum() for c in text)


def tidy(text: str) -> str:
    """The text in Unicode NFC, with plain quotes and dashes, ``\\n`` as line end, and no control characters."""
    text = unicodedata.normalize("NFC", text).translate(_PLAIN)
    if text.isascii() and text.isprintable():
        return text
    text = re.sub(r"\r\n?|[\u2028\x0b\x0c\x85]", "\n", text.replace("\u2029", "\n\n"))
    text = re.sub(rf"(\d?)([{''.join(_VULGAR)}])", lambda m: f"{m[1]} {_VULGAR[m[2]]}".lstrip(), text)
    return "".join(_visible(c) for c in text)


def _visible(character: str) -> str:
    if character == "\n" or character in _KEPT_FORMATS:
        return character
    category = unicodedata.category(character)
    if category == "No" and unicodedata.decomposition(character).startswith("<circle>"):
        return unicodedata.normalize("NFKC", character)
    if category in ("Cc", "Zs"):
        return " "
    return "" if category == "Cf" or "\ufe00" <= character <= "\ufe0f" else character


def _paragraph(text: str, language: str, spec: ModelSpec, lexicon: Lexicon) -> str:
    text, aside = lexicon.set_aside(" ".join(text.split()))
    text = _dashes(text)
    if language.startswith("en"):
        text = english(text, british=language[3:] in ("gb", "uk", "au", "nz", "ie", "in", "za"))
        text = spell_acronyms(text) if spec.lower_case else text
    else:
        text = other_language(text, language)
    text = put_back(text, aside)
    return " ".join((text.lower() if spec.lower_case else text).split())


def _dashes(text: str) -> str:
    """Replace long dashes by hyphens, except between digits: there the language's rules read them ("5 to 10")."""
    if "—" not in text and "–" not in text:
        return text
    text = re.sub(r"(?<!\d)\s*—\s*|\s*—\s*(?!\d)|\s+[–—]\s+(?!\d)", " - ", text)
    return re.sub(r"(?<!\d)–|–(?!\d)", "-", text).strip()

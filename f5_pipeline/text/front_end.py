"""The entry points of the text front end: from written text to the model's input text. Pure; no torch.

``languages`` has the rules of each language; ``alphabet`` fits a text to the vocabulary.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from f5_pipeline.languages.english.capitals import spell_acronyms
from f5_pipeline.languages.reading import in_words
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.text.alphabet import fit, unsayable
from f5_pipeline.text.pronunciation import NO_WORDS, Lexicon, put_back

_PLAIN = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "ʼ": "'", "‹": "'", "›": "'", "´": "'",
        "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"',
        "‐": "-", "‑": "-", "‒": "–", "―": "—", "−": "-", "…": "...", "⁄": "/", "∕": "/", "•": " ", "\u00ad": "",
        "℃": "°C", "℉": "°F", "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl",
    }
)  # fmt: skip
_VULGAR = {c: unicodedata.normalize("NFKC", c).replace("\u2044", "/") for c in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"}
_VULGAR_SIGN = re.compile(rf"(\d?)([{''.join(_VULGAR)}])")
_KEPT_FORMATS = "\u200c\u200d"  # joiners that shape Persian and Indic words
_EMOJI_STYLES = "\u20e3\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"  # the key of a digit, skin tones
_SENTENCE_MARKS = tuple(".!?。！？।؟…")
_BLANKS = re.compile(r"[^\S\n]+")
_THIN = "\u00a0\u2009\u202f"  # spaces inside a number: "10 000"
_IN_THOUSANDS = re.compile(rf"(?<![\d.,])([1-9]\d{{0,2}}(?:[{_THIN}]\d{{3}}){{1,5}})(?![\d{_THIN}])")
_NO_THIN = dict.fromkeys(map(ord, _THIN))
# A word that is divided at a line end; not "Haupt-" before "und".
_DIVIDED = re.compile(r"(-?)\b([^\W_]{1,40})-\n(?!(?:and|or|und|oder|et|ou|y|o|e|bis|to)\b)(?=([^\W_A-Z]+)(-?))")
_FIRST_WORDS = "well|self|half|all|ill|high|low|long|short|old|new|non|ex|so|co|mid|pre|post|semi|anti|far|near|deep"
_FIRST_WORDS += "|full|left|right|hard|good|open|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_FIRST_WORDS += "|one|two|three|four|five|six|seven|eight|nine|ten|hundred"
_HAS_HYPHEN = frozenset(_FIRST_WORDS.split("|"))
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


def spoken_parts(
    parts: Sequence[tuple[str, str]],
    spec: ModelSpec,
    vocabulary: frozenset[str] | None,
    lexicon_of: Callable[[str], Lexicon],
) -> tuple[str, list[str]]:
    """As ``spoken``, for the parts of one text, each with its language (``language_parts``)."""
    if len(parts) == 1:
        language, text = parts[0]
        return spoken(text, language, spec, vocabulary, lexicon_of(language))
    texts = (_with_gaps(text, normalise(text, language, spec, lexicon_of(language))) for language, text in parts)
    return fitted("".join(texts).strip(), spec, vocabulary)


def _with_gaps(text: str, normalised: str) -> str:
    """A normalised part of a text with the white space around it: a blank line, one space, or none."""
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    first, last = ("\n\n" if gap.count("\n") > 1 else " " if gap else "" for gap in (before, after))
    return first + normalised + last if normalised else first


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
    """The text in Unicode NFC, with plain quotes and dashes, ``\\n`` as line end, and no control characters.

    Emoji lose their styles: a digit on a key is a digit.
    """
    text = unicodedata.normalize("NFC", text).translate(_PLAIN)
    if text.isascii() and text.isprintable():
        return text
    text = re.sub(r"\r\n?|[\u2028\x0b\x0c\x85]", "\n", text.replace("\u2029", "\n\n"))
    text = _IN_THOUSANDS.sub(lambda m: m[1].translate(_NO_THIN), text)
    text = _DIVIDED.sub(_undivided, text)
    text = _VULGAR_SIGN.sub(lambda m: f"{m[1]} {_VULGAR[m[2]]}".lstrip(), text)
    return "".join(_visible(c) for c in text)


def _undivided(match: re.Match[str]) -> str:
    """ "inter-/national" is "international"; "well-/known", "mother-in-/law" and "2019-/20" keep their hyphen."""
    before, first, second, after = match.groups()
    compound = before or after or first.lower() in _HAS_HYPHEN or len(first) == 1 or not (first + second).isalpha()
    return f"{before}{first}{'-' if compound else ''}"


def _visible(character: str) -> str:
    if character == "\n" or character in _KEPT_FORMATS:
        return character
    category = unicodedata.category(character)
    if category == "No" and unicodedata.decomposition(character).startswith("<circle>"):
        return unicodedata.normalize("NFKC", character)
    if category in ("Cc", "Zs"):
        return " "
    return "" if category == "Cf" or "\ufe00" <= character <= "\ufe0f" or character in _EMOJI_STYLES else character


def _paragraph(text: str, language: str, spec: ModelSpec, lexicon: Lexicon) -> str:
    text, aside = lexicon.set_aside(" ".join(text.split()))
    text = _dashes(text)
    text = in_words(text, language)
    if spec.lower_case and language.startswith("en"):
        text = spell_acronyms(text)
    text = put_back(text, aside)
    return " ".join((text.lower() if spec.lower_case else text).split())


def _dashes(text: str) -> str:
    """Replace long dashes by hyphens, except between digits: there the language's rules read them ("5 to 10")."""
    if "—" not in text and "–" not in text:
        return text
    text = re.sub(r"(?<!\d)\s*—\s*|\s*—\s*(?!\d)|\s+[–—]\s+(?!\d)", " - ", text)
    return re.sub(r"(?<!\d)–|–(?!\d)", "-", text).strip()

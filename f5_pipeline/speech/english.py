"""English: abbreviations, addresses, symbols, initials and capitals as they are said. Numbers: english_numbers."""

from __future__ import annotations

import re

from f5_pipeline.speech.english_numbers import numbers_in_words

# A full stop after these belongs to the abbreviation: what follows is the same sentence.
_TITLES = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Dr": "Doctor", "Prof": "Professor", "Gov": "Governor",
    "Gen": "General", "Sgt": "Sergeant", "Capt": "Captain", "Lt": "Lieutenant", "Col": "Colonel", "Rev": "Reverend",
    "Hon": "Honorable", "Sen": "Senator", "Rep": "Representative", "Pres": "President", "Mt": "Mount", "Ft": "Fort",
}  # fmt: skip
# These may also end a sentence; then their full stop stays.
_WORDS = {
    "Jr": "Junior", "Sr": "Senior", "Inc": "Incorporated", "Ltd": "Limited", "Corp": "Corporation", "Co": "Company",
    "Bros": "Brothers", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Dept": "Department",
    "dept": "department", "etc": "et cetera", "approx": "approximately", "max": "maximum",
    "Jan": "January", "Feb": "February", "Aug": "August", "Sept": "September", "Oct": "October", "Nov": "November",
    "Dec": "December", "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday",
    "Thurs": "Thursday", "Fri": "Friday", "vs": "versus", "Vs": "Versus",
}  # fmt: skip
_BEFORE_NUMBER = {
    "No": "number", "Nos": "numbers", "Fig": "figure", "fig": "figure", "Figs": "figures",
    "Vol": "volume", "vol": "volume", "Ch": "chapter", "ch": "chapter", "p": "page", "pp": "pages",
    "Eq": "equation", "Sec": "section", "Apt": "apartment", "Art": "article",
}  # fmt: skip
_PHRASES = (  # what a text must contain for the pattern to matter, pattern, reading
    ("g.", r"\be\.\s?g\.,?", "for example,"),
    ("i.", r"\bi\.\s?e\.,?", "that is,"),
    ("k", r"\ba\.?k\.?a\.?(?=\s)", "also known as"),
    ("w/", r"(?<!\w)w/o\b", "without"),
    ("w/", r"(?<!\w)w/(?=\s?\w)", "with "),
    ("/", r"\band/or\b", "and or"),
    ("/", r"\b24/7\b", "twenty-four seven"),
    ("/", r"\b9/11\b", "nine eleven"),
    ("cf.", r"\bcf\.", "compare"),
    ("et al.", r"\bet al\.(?=\s+[a-z(]|,)", "et al"),
)
_SYMBOLS = (
    (r"\s*&\s*", " and "),
    (r"#(?=\d)|№\s?", "number "),
    (r"(?<=[A-Za-z])\+(?=\s|$|[.,!?])", " plus"),
    (r"(?<=\w) \+ (?=\w)", " plus "),
    (r"(?<=\w) = (?=\w)", " equals "),
    (r"(?<=\w) < (?=\w)", " is less than "),
    (r"(?<=\w) > (?=\w)", " is greater than "),
    (r"[≈~](?=[\d$€£])", "about "),
    (r"±\s?", "plus or minus "),
    (r"÷", " divided by "),
    (r"§\s?", "section "),
    (r"(?<=\s)@(?=\s)", "at"),
    (r"[*`]+|(?<!\w)_+|_+(?!\w)", ""),
    (r"_", " "),
)
_ADDRESS_SIGNS = {
    ".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", "?": "question mark", "=": "equals",
    "&": "and", "#": "hash", ":": "colon", "%": "percent", "~": "tilde", "+": "plus",
}  # fmt: skip
_TOP_LEVEL = "com|org|net|edu|gov|io|ai|app|dev|info|tv|co\\.uk|ac\\.uk|uk|de|fr|eu|ca|au|jp|ch|nl"
_ADDRESS = re.compile(
    rf"""\b(?:[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+
    |https?://[^\s<>"]+?(?=[.,;:!?)\]'"]*(?:\s|$))
    |www\.[^\s<>"]+?(?=[.,;:!?)\]'"]*(?:\s|$))
    |(?:[A-Za-z0-9-]+\.)+(?:{_TOP_LEVEL})\b(?!\.?[A-Za-z])(?:/[^\s<>",;)]*[A-Za-z0-9/])?)""",
    re.VERBOSE,
)
_ROMAN = {"II": 2, "III": 3, "IV": 4, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "XI": 11, "XII": 12, "XIII": 13}
_ROMAN |= {"XIV": 14, "XV": 15, "XVI": 16, "XVII": 17, "XVIII": 18, "XIX": 19, "XX": 20, "XXI": 21, "V": 5, "X": 10}
_NUMBERED = "Chapter|Part|Volume|Book|Act|Scene|Section|War|Phase|Type|Level|Class|Appendix|Article|Title|Step"
_REGNAL = "Henry|Louis|Elizabeth|Charles|George|Edward|James|William|Richard|Philip|Frederick|John|Paul|Pius|Leo"
_REGNAL += "|Benedict|Gregory|Clement|Innocent|Urban|Peter|Catherine|Alexander|Nicholas|Napoleon|Wilhelm|Ramses"
_SENTENCE_STARTERS = (
    "The|A|An|It|He|She|We|They|This|That|These|Those|Then|But|And|In|On|At|So|If|When|You|I|My|What"
)
_SAID_AS_WORDS = {
    "NASA", "NATO", "UNESCO", "UNICEF", "OPEC", "LASER", "RADAR", "SCUBA", "AIDS", "COVID", "FIFA", "UEFA", "PIN",
    "RAM", "ROM", "GIF", "SIM",
}  # fmt: skip
_INITIALS = re.compile(r"\b(?:[A-Za-z]\.){2,}(?:[A-Za-z]\b)?")
_INITIAL = re.compile(rf"\b((?!I\b)[A-Z])\. (?=(?!(?:{_SENTENCE_STARTERS})\b)[A-Z][a-z.])")
_ENDS_SENTENCE = r"(?=\s*$|\s+[A-Z\"'(])"


def _address(match: re.Match[str]) -> str:
    bare = re.sub(r"^https?://|(?<![\w.])www\.", "", re.sub(r"^https?://www\.", "", match[0])).rstrip("/")
    return "".join(f" {_ADDRESS_SIGNS[c]} " if c in _ADDRESS_SIGNS else c for c in bare).strip()


def _abbreviations(text: str) -> str:
    for mark, pattern, spoken in _COMPILED_PHRASES:
        if mark in text:
            text = pattern.sub(spoken, text)
    if not _ABBREVIATION.search(text):
        return text
    text = _STREET.sub("Street", _STREET_AT_END.sub("Street.", _SAINT.sub("Saint ", text)))
    text = _TITLE.sub(lambda m: _TITLES[m[1]], text)
    text = _NUMBERED_BY.sub(lambda m: _BEFORE_NUMBER[m[1]] + " ", text)
    text = _WORD_AT_END.sub(lambda m: _WORDS[m[1]] + ".", text)
    return _WORD.sub(lambda m: _WORDS[m[1]], text)


def _initials(match: re.Match[str]) -> str:
    """ "U.S." is "US"; the point stays where the sentence ends too."""
    letters = match[0].replace(".", "").upper()
    ends = re.match(r"\s*$|\s+(?:" + _SENTENCE_STARTERS + r")\b", match.string[match.end() :])
    return letters + ("." if match[0].endswith(".") and ends else "")


def _roman(text: str) -> str:
    text = _NUMBERED_PART.sub(lambda m: f"{m[1]} {_ROMAN.get(m[2], 1)}", text)
    return _MONARCH.sub(lambda m: f"{m[1]} the {_th(_ROMAN[m[2]])}", text)


def _th(number: int) -> str:
    return f"{number}{'th' if 10 < number < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def quiet_capitals(text: str) -> str:
    """Lower the words of a shouted text; F5 spells capitals out. Acronyms in ordinary text stay as they are."""
    words = re.findall(r"[A-Za-z]{2,}", text)
    shouted = [word for word in words if word.isupper()]
    if len(shouted) > 1 and len(shouted) * 2 > len(words):
        return re.sub(r"\b[A-Z][A-Z']+\b", lambda match: match[0].lower(), text)
    return re.sub(r"\b[A-Z]{6,}\b", lambda match: match[0].lower(), text)


def spell_acronyms(text: str) -> str:
    """ "USA" as "u s a", for a model without capitals; acronyms that are said as words stay whole."""
    return re.sub(
        r"\b([A-Z]{2,5})(s?)\b",
        lambda match: match[0] if match[1] in _SAID_AS_WORDS else " ".join(match[1].lower()) + match[2],
        text,
    )


def english(text: str, british: bool = False) -> str:
    """An English text with every number, abbreviation, address and symbol in words. Pure; sentence marks stay.

    The cheap searches skip rules that cannot matter: most texts need few of them.
    """
    if _LIKE_ADDRESS.search(text):
        text = _ADDRESS.sub(_address, text)
    if "." in text or "/" in text:
        text = _INITIAL.sub(r"\1 ", _abbreviations(text))
        text = _INITIALS.sub(_initials, _HALVES.sub(r"\1", text))
    if _LIKE_ROMAN.search(text):
        text = _roman(text)
    if _ANY_SYMBOL.search(text):
        for pattern, spoken in _COMPILED_SYMBOLS:
            text = pattern.sub(spoken, text)
    text = numbers_in_words(text, day_first=british)
    text = _SLASH.sub(" slash ", text) if "/" in text else text
    return "".join(map(quiet_capitals, _SENTENCES.split(text))) if _CAPITALS.search(text) else text


def _names(words: dict[str, str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_COMPILED_PHRASES = [(mark, re.compile(pattern), spoken) for mark, pattern, spoken in _PHRASES]
_COMPILED_SYMBOLS = [(re.compile(pattern), spoken) for pattern, spoken in _SYMBOLS]
_ABBREVIATION = re.compile(rf"\b(?:{_names(_TITLES | _WORDS | _BEFORE_NUMBER)}|St)\.")
_NUMERALS = "|".join(_ROMAN)
_NUMBERED_PART = re.compile(rf"\b({_NUMBERED}) ({_NUMERALS}|I)\b(?!\.[A-Z])")
_MONARCH = re.compile(rf"\b({_REGNAL}) ({_NUMERALS})\b")
_LIKE_ADDRESS = re.compile(r"@|://|[A-Za-z0-9]\.[A-Za-z]")
_LIKE_ROMAN = re.compile(r" [IVX]+\b")
_ANY_SYMBOL = re.compile(r"[&#№+=<>≈~±÷§@*`_]")
_CAPITALS = re.compile(r"[A-Z]{2}")
_SLASH = re.compile(r"(?<=[A-Za-z])/(?=[A-Za-z])")
_SENTENCES = re.compile(r"(?<=[.!?]\s)")
_TITLE = re.compile(rf"\b({_names(_TITLES)})\.(?=\s)")
_WORD_AT_END = re.compile(rf"\b({_names(_WORDS)})\.{_ENDS_SENTENCE}")
_WORD = re.compile(rf"\b({_names(_WORDS)})\.(?!\w)")
_NUMBERED_BY = re.compile(rf"\b({_names(_BEFORE_NUMBER)})\.\s?(?=\d)")
_SAINT = re.compile(rf"\bSt\. ?(?=(?!(?:{_SENTENCE_STARTERS})\b)[A-Z][a-z])")
_STREET_AT_END = re.compile(rf"\bSt\.{_ENDS_SENTENCE}")
_STREET = re.compile(r"\bSt\.")
_HALVES = re.compile(r"\b([ap]\.)\s(?=m\.)")

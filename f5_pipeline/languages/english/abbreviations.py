"""English: abbreviations, titles, degrees and initials; a full stop that also ends the sentence stays."""

from __future__ import annotations

import re

from f5_pipeline.languages.english.rules import Rule, apply, compiled
from f5_pipeline.languages.english.words import (
    BEFORE_NUMBER,
    FUNCTION_WORDS,
    LETTERED,
    SENTENCE_STARTERS,
    STRESSED,
    TITLES,
    WORDS,
)
from f5_pipeline.languages.rules import any_of

_ALL_TITLES = TITLES | {title.upper(): name.upper() for title, name in TITLES.items()}
_WEEKDAYS = {
    "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Thur": "Thursday",
    "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip
_WEEKDAY = any_of(_WEEKDAYS)
_MONTHS = "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
_MONTHS += "|Nov(?:ember)?|Dec(?:ember)?"
_NUMBERED_THINGS = "account|acct|part|serial|order|reference|ref|phone|telephone|fax|flight|room|invoice|policy|model"
_NUMBERED_THINGS += "|case|licen[cs]e|passport|ticket|tracking|registration|catalog|catalogue|item|member|claim|lot"
_NUMBERED_THINGS += "|batch|file|patent|docket|permit|bus|track|platform|contract|train|house|card|cell|mobile|booking"
_NUMBERED_THINGS += "|customer|employee|student|page|plate|seat|receipt|transaction|roll"

_ENDS_SENTENCE = r"(?=\s*$|\s+[A-Z\"'(])"
_STARTER = rf"(?![AI]\.)(?:{any_of(SENTENCE_STARTERS)})\b"
_TITLE = re.compile(rf"\b({any_of(_ALL_TITLES)})\.(?=\s)")
_NEVER_LAST = (
    r"(?:(?<=[JS]r\.)|(?<=\b[Vv]s\.)|(?<=Bros\.)|(?<=Asst\.)|(?<=[an]tl\.)|(?<=Univ\.)|(?<=[Dd]ept\.)|(?<=viz\.))"
)
_WORD_AT_END = re.compile(rf"\b({any_of(WORDS)})\.(?!{_NEVER_LAST} (?!{_STARTER})[A-Z]){_ENDS_SENTENCE}")
_WORD = re.compile(rf"\b({any_of(WORDS)})(?:\.(?!\w|\.\.)|(?=\.\.\.))")
_NUMBERED_BY = re.compile(rf"\b({any_of(BEFORE_NUMBER)})\.\s?(?=\d)")
_SAINT = re.compile(rf"\bSt\. ?(?=(?!{_STARTER})[A-Z][a-z])")
_STREET_AT_END = re.compile(rf"\bSt\.{_ENDS_SENTENCE}")
_STREET = re.compile(r"\bSt\.")
_ABBREVIATED = frozenset([*_ALL_TITLES, *WORDS, *BEFORE_NUMBER, "St"])
_BEFORE_POINT = re.compile(r"\b\w++(?=\.)")

_LIKE_INITIAL = re.compile(r"\.(?:(?<=\b[A-Za-z]\.)|(?<=\d[ap]\.))")
_HALF_OF_DAY = re.compile(r"(?<=\d)\s?([AaPp])\. ?[Mm]\b\.?")
_AFTER_HALF = re.compile(
    rf"\s+(?:(?:{_MONTHS}|{_WEEKDAY}|[A-Z][a-z]+day|Eastern|Central|Pacific|Mountain|Greenwich|Zulu|[A-Z]{{0,3}}[TZ]|UTC)\b)"
)
_CAPITALISED = re.compile(r"\s*$|\s+[\"'(]?[A-Z]")
_ERA = re.compile(r"\b(A\.D|B\.C|B\.C\.E|C\.E)\b(?!\.)")
_INITIALS = re.compile(r"\b(?:[A-Za-z]\.){2,}(?:[A-Za-z]\b)?")
_INITIAL = re.compile(
    rf"(?<!\.)(?<!\d )(\b[A-Za-z]+ )?\b((?!I\b)[A-Z]|I(?=\. (?!I\.)[A-Z]\. [A-Z]))\. (?=(?!{_STARTER})[A-Z][a-z.])"
)
_CAPITALISED_WORD = re.compile(r" ([A-Z][a-z]+)\b")
_ALSO_PRONOUNS = ("US", "IT", "ME")  # spelled in a headline in capitals: "U.S. STOCKS FALL"
_SHOUTED_WORD = re.compile(r" [A-Z]{2}")
_INITIALS_END = re.compile(rf"\s*$|\s+[\"'(]?{_STARTER}")


def abbreviations_in_words(text: str) -> str:
    """The text with abbreviations in words, and initials without full stops ("US")."""
    if "." not in text:
        return apply(text, _PLAIN_RULES)
    text = apply(text, _RULES)
    if not _ABBREVIATED.isdisjoint(_BEFORE_POINT.findall(text)):
        text = _STREET.sub("Street", _STREET_AT_END.sub("Street.", _SAINT.sub("Saint ", text)))
        text = _NUMBERED_BY.sub(lambda m: BEFORE_NUMBER[m[1]] + " ", text)
        text = _TITLE.sub(lambda m: _ALL_TITLES[m[1]], text)
        text = _WORD_AT_END.sub(lambda m: WORDS[m[1]] + ".", text)
        text = _WORD.sub(lambda m: WORDS[m[1]], text)
    if _LIKE_INITIAL.search(text):
        text = _ERA.sub(lambda m: m[0].replace(".", ""), _HALF_OF_DAY.sub(_half_of_day, text))
        text = _INITIALS.sub(_initials, _INITIAL.sub(_initial, text))
    return text


def _half_of_day(match: re.Match[str]) -> str:
    """ "6 p.m." is "6 PM"; the full stop stays if it also ends the sentence."""
    end = match.end()
    ends = match[0].endswith(".") and _CAPITALISED.match(match.string, end) and not _AFTER_HALF.match(match.string, end)
    return f" {match[1].upper()}M{'.' if ends else ''}"


def _initial(match: re.Match[str]) -> str:
    """Drop the full stop in "J. Smith"; keep it in "plan B. Everyone"."""
    before = (match[1] or "").strip()
    lettered = before.lower() in LETTERED
    return match[0] if lettered else f"{match[1] or ''}{match[2]} "


def _initials(match: re.Match[str]) -> str:
    """ "U.S." becomes "US"; the last full stop stays if it also ends the sentence."""
    letters = match[0].replace(".", "").upper()
    if letters in _ALSO_PRONOUNS and _SHOUTED_WORD.match(match.string, match.end()):
        letters = " ".join(letters)
    ends = _INITIALS_END.match(match.string, match.end())
    if not ends and len(letters) > 2 and " " not in letters:  # "in the U.S.A. Enjoy."
        word = _CAPITALISED_WORD.match(match.string, match.end())
        ends = word if word and word[1].upper() in STRESSED else None
    return letters + ("." if match[0].endswith(".") and ends else "")


def _degree(match: re.Match[str]) -> str:
    """ "B.Sc." is "BSc"; the full stop stays at the end of the sentence."""
    return match[0].replace(".", "").replace(" ", "") + ("." if _INITIALS_END.match(match.string, match.end()) else "")


def _weekend(match: re.Match[str]) -> str:
    """ "on Sat."; elsewhere "sat" and "sun" are words."""
    return f"{match[1]} {_WEEKDAYS[match[2]]}{'.' if _CAPITALISED.match(match.string, match.end()) else ''}"


def _saint(match: re.Match[str]) -> str:
    """ "near St Paul's"; after a name, as in "Elm St Reno", it is a street."""
    before = match[1] or ""
    named = before and before.strip().lower() not in FUNCTION_WORDS and before not in ("Mount ", "Mt ", "Lake ")
    return match[0] if named else f"{before}Saint "


def _word(match: re.Match[str], word: str) -> str:
    """The word of an abbreviation, and its full stop if it also ends the sentence."""
    return word + ("." if _CAPITALISED.match(match.string, match.end()) else "")


_WITHOUT_POINT = (
    "Mr",
    "Mrs",
    "Ms",
    "Dr",
    "Prof",
    "Sgt",
    "Capt",
    "Lt",
    "Cpl",
    "Cmdr",
    "Mt",
    "Mme",
    "Mlle",
)  # as in Britain
_DOUBLE_BOOKS = "Corinthians|Cor|Samuel|Kings|Chronicles|Thessalonians|Timothy|Peter"
_RANKS = {"1": "First", "2": "Second"}
_WEEKDAY_MARKS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DATE = rf"\(?\d{{1,2}}/\d|(?:{_MONTHS})\b\.? \d"
_ANYWHERE: list[Rule] = [
    (
        _WEEKDAY_MARKS,
        rf"\b({_WEEKDAY})\.?\s?[-–]\s?({_WEEKDAY})\b(?:\.(?=\s*[a-z0-9,;]))?",
        lambda match: f"{_WEEKDAYS[match[1]]} to {_WEEKDAYS[match[2]]}",
    ),
    (
        _WEEKDAY_MARKS,
        rf"\b({_WEEKDAY})\b(?<!\bSat)(?<!\bSun)\.?(?=,? (?:\d{{1,2}}(?:st|nd|rd|th)?\b(?!\d)|{_DATE}))",
        lambda match: _WEEKDAYS[match[1]],
    ),
    (
        ("Sat", "Sun"),
        rf"\b(?<!\bThe )(?<!\bthe )(Sat|Sun)\b\.?(?=,? (?:\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_MONTHS})\b|{_DATE}"
        r"|\d{1,2}(?:st|nd|rd|th)\b|\d{1,2}(?::\d\d)? ?(?:[-–] ?\d|[ap]\.?m\b)))",
        lambda match: _WEEKDAYS[match[1]],
    ),
    (("M-F",), r"\bM-F(?=,?:? (?:from )?\d)", "Monday to Friday"),
    (("Tu ", "Th "), r"\b(Tu|Th)(?= \(\d{1,2}/\d)", lambda match: {"Tu": "Tuesday", "Th": "Thursday"}[match[1]]),
    ((" vs ",), r"(?<= )vs(?= )", "versus"),
    ((" No ",), r"\b([Tt]he|[Aa]t|[Oo]ur|[Hh]is|[Hh]er|[Yy]our) No (?=\d)", r"\1 number "),
    (("Gen. ",), r"\bGen\. (?=\d{1,2}:\d)", "Genesis "),
    (("1 ", "2 "), rf"\b([12])(?= (?:{_DOUBLE_BOOKS})\b\.? \d)", lambda match: _RANKS[match[1]]),
    (("St ",), rf"(\b[A-Z][a-z]+ )?\bSt (?=(?!{_STARTER})[A-Z][a-z]{{2}})", _saint),
    (
        tuple(f"{title} " for title in _WITHOUT_POINT),
        rf"\b({any_of(_WITHOUT_POINT)}) (?=(?!{_STARTER})[A-Z](?:[a-z']|\b))",
        lambda match: f"{TITLES[match[1]]} ",
    ),
]
_WITH_POINT: list[Rule] = [
    (("g.",), r"\b[Ee]\.\s?g\.,?", "for example,"),
    (("e.",), r"\b[Ii]\.\s?e\.,?", "that is,"),
    (("No. of",), r"\bNo\. of\b", "Number of"),
    (
        (" no.", " No."),
        rf"\b((?i:{_NUMBERED_THINGS}))\.? [Nn]o\.(?=\s|:)",
        lambda match: f"{match[1].replace('cct', 'ccount')} number",
    ),
    (
        ("no. ",),
        r"\b(is|was|at|as|to|the|in|of|by|ranked|became|its|his|her|our|my|your|world|it|or|and|from|see) no\. (?=\d)",
        r"\1 number ",
    ),
    (
        ("Sat.", "Sun."),
        r"\b([Oo]n|[Tt]his|[Nn]ext|[Ll]ast|[Ee]very|[Uu]ntil|[Bb]y|[Ss]ince|[Ff]rom) (Sat|Sun)\.",
        _weekend,
    ),
    (("ea.",), r"(?<=[\d)%a-z]) ea\.", lambda match: f" {_word(match, 'each')}"),
    (
        ("Dr.",),
        r"(?<=[a-z.] )(?<!\ba )(?<!\bthe )(?<!\bmy )(?<!\byour )Dr\.(?=,|\s*$| (?:in|at|near|and|is|was|to|from)\b)",
        lambda match: _word(match, "Drive"),
    ),
    (
        ("Jan.",),
        r"\b([Ii]n|[Ss]ince|[Uu]ntil|[Ll]ast|[Nn]ext|[Ee]arly|[Ll]ate) Jan\.(?!\s\d)",
        lambda match: f"{match[1]} {_word(match, 'January')}",
    ),
    (("st.",), r"\b([Ee])st\. (?=[a-z])", r"\1stimated "),
    (("v.",), r"(?<=[a-z]) v\. (?=[A-Z])", " versus "),
    (
        ("B.", "M.", "D.", "Ph.", "Ed.", "LL."),
        r"\b(?:[BMD]\. ?(?:Sc|Ed|Eng|Phil|Com|Tech|Arch|Mus|Litt|Div)|Ph\. ?D|Ed\. ?[DM]|LL\. ?[BMD])\.",
        _degree,
    ),
    (("cf.",), r"\bcf\.", "compare"),
    (("et al.",), r"\bet al\.(?=\s+[a-z(\d]|,)", "et al"),
    ((". .",), r"\s?\.(?:\s\.){2,9}", "..."),
]
_PLAIN_RULES, _RULES = compiled(_ANYWHERE), compiled(_ANYWHERE + _WITH_POINT)

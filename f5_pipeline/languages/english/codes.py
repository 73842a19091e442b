"""English: numbers read digit by digit: telephone numbers, codes, accounts, cards, flights and versions."""

from __future__ import annotations

import re
from itertools import pairwise

from f5_pipeline.languages.english.counting import apart, cardinal, digits, paired, text_before, words
from f5_pipeline.languages.english.rules import Rule, after_digit

_EMERGENCY = "911|999|112|111|101|988|411|311|211"
# What a code, or a number that is a name, follows.
_CODES = r"(?:[Pp]ass)?[Cc]ode|PIN|CVV|CVC|[Pp]in(?= (?:is|was)\b|:)|ZIP|OTP|otp|SSN|ssn|PNR|pnr|ISBN|IMEI|IBAN|VIN|SKU"
_CODES += r"|(?:[Aa]ccount|[Cc]ard) ending|[Pp]ass(?:word|phrase)|[Ee]nding in|[Ee]xtension"
_CODES += r"|[Ll]icen[cs]e plate|[Nn]umber plate|[Ss]ort code|[Pp]ostcode"
_NUMBERS = "[Aa]ccount|[Cc]ard|[Oo]rder|[Rr]eference|[Rr]ef|[Cc]onfirmation|[Tt]racking|[Tt]icket|[Cc]ase|[Mm]ember"
_NUMBERS += "|[Pp]art|[Ss]erial|[Ii]nvoice|[Pp]olicy|[Mm]odel|[Pp]assport|[Rr]egistration|[Cc]atalog(?:ue)?|[Cc]ontract"
_NUMBERS += "|[Pp]hone"
_NUMBER_NAMES = rf"(?:{_CODES}|(?:{_NUMBERS}) number)"
_NAME_MARKS = (
    "ode", "PIN", "CV", "pin", "Pin", "ZIP", "otp", "OTP", "ssn", "SSN", "PNR", "pnr", "ISBN", "IMEI", "IBAN", "VIN",
    "SKU", "ass", "nding ", "xtension", "number", "late",
)  # fmt: skip
_ROOMS = "[Rr]oom|[Ss]uite|[Ff]light|[Hh]ighway|[Rr]oute|[Ii]nterstate|[Aa]partment|[Uu]nit|[Bb]us|[Ll]ocker|[Gg]ate"
_ROOMS += r"|[Mm]odel|RFC|RTX|GTX|Box|Form|[Pp]ort|[Ee]rror|HTTP|[Ff]light [A-Z]{2}"
_ROOM_MARKS = (
    "oom ", "uite ", "light ", "ighway ", "oute ", "nterstate ", "partment ", "nit ", "us ", "ocker ", "ate ", "odel ",
    "RFC ", "TX ", "ox ", "Form ", "ort ", "rror ", "HTTP ",
)  # fmt: skip
_CALL_SIGNS = "Alpha|Bravo|Delta|Echo|Foxtrot|Sierra|Tango|Viper"
_MAKERS = "Boeing|Airbus|Lockheed|Embraer|Bombardier|Cessna|Tupolev|Ilyushin"


def _telephone(match: re.Match[str]) -> str:
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(digits(group) for group in re.findall(r"\d+", match[0]))


def _with_extension(match: re.Match[str]) -> str:
    """ "555-0147 x12": the rules of telephone numbers read the first part."""
    return f"{match[1]}, extension {digits(match[2]) if len(match[2]) > 2 else match[2]}"


def _code(match: re.Match[str]) -> str:
    """A name and its code: "otp is ab9453", "account number 00123-456"."""
    return match[1] + _spelled(match[2]) if sum(map(str.isdecimal, match[2])) > 2 else match[0]


def _spelled(code: str) -> str:
    """Letters as they are, and single digits, with a pause at each hyphen."""
    groups = re.split(r"[- ]", code)
    return ", ".join(
        " ".join(digits(run) if run.isdecimal() else run for run in re.findall(r"\d+|\D+", group)) for group in groups
    )


def _named(match: re.Match[str]) -> str:
    return match[1] + digits(match[2])


def _room(match: re.Match[str]) -> str:
    """ "room 204" is "room two oh four"."""
    return f"{match[1]} {paired(match[2])}"


def _attached(match: re.Match[str]) -> str:
    """ "BA2490", "1Z999AA10123456784", "A321"; but "FY2024" has a year, "t2000" a thousand."""
    number = match[0]
    if len(number) == 3 or text_before(match) == "-":
        return apart(match, paired(number))
    like_year = len(number) == 4 and number[:2] in ("19", "20")
    return number if like_year or number.endswith("000") else apart(match, digits(number))


def _dotted(match: re.Match[str]) -> str:
    """A version number, or an IP address, which is read digit by digit."""
    parts = match[0].split(".")
    version = text_before(match) in ("v", "V")
    if len(parts) == 4 and not version and all(int(part) <= 999 for part in parts):
        return apart(match, " dot ".join(map(digits, parts)))
    return apart(match, " point ".join(map(cardinal, parts)))


def _groups(match: re.Match[str]) -> str:
    """Three or more groups: "1-2-3" is counted, a longer number is read digit by digit."""
    groups = match[0].split("-")
    short = all(len(group) <= 2 for group in groups)
    return apart(match, ", ".join(cardinal(group) if short else digits(group) for group in groups))


def _mixed(match: re.Match[str]) -> str:
    """ "1-413-te-b-1-5": no hyphen of a code with letters is that of a range."""
    parts = match[0].split("-")
    if not any(part.isdecimal() and following.isdecimal() for part, following in pairwise(parts)):
        return match[0]
    return re.sub(r"(?<=\d)-(?=\d)", " ", match[0])


def _aircraft(match: re.Match[str]) -> str:
    """ "737-800" is "seven thirty-seven eight hundred"."""
    return f"{paired(match[1])} {paired(match[2])}"


def _resolution(match: re.Match[str]) -> str:
    """ "1080p" is "ten eighty p"."""
    return f"{words(int(match[1]))} {words(int(match[2]))} p"


def _hours(match: re.Match[str]) -> str:
    """ "0900 hours" is "zero nine hundred hours"."""
    return f"{_military(match[1])} hours"


def _shift(match: re.Match[str]) -> str:
    """ "0900-1730"."""
    return f"{_military(match[1])} to {_military(match[2])}"


def _military(time: str) -> str:
    hour, minute = int(time[:2]), int(time[2:])
    spoken_minute = "hundred" if not minute else words(minute) if minute > 9 else f"oh {words(minute)}"
    return f"{'zero ' if time[0] == '0' and hour else ''}{words(hour)} {spoken_minute}"


def _telephone_in_letters(match: re.Match[str]) -> str:
    """ "1-800-GO-2-MOVE"."""
    area = f"{words(int(match[1][0]))} hundred" if match[1].endswith("00") else digits(match[1])
    letters = re.sub(r"\d+", lambda number: f" {digits(number[0])} ", match[2].replace("-", " ").lower())
    return f"one, {area}, {' '.join(letters.split())}"


_TOKEN = r"(?=[A-Za-z]{0,12}-?\d)[A-Z0-9]{1,24}(?:[- ](?=[A-Z]{0,3}\d|[A-Z]{4} \d)[A-Z0-9]{1,24}){0,8}"
_PAUSED = r"(?![\w-]|[.,:/]\d)"
# Not before what is counted: "Text 300 people"; but "Flight 815 was late".
_NO_COUNT = (
    r"(?![.,:/-]?\d| people\b| (?!(?:is|was|has|as|does|goes|departs|arrives|leaves|boards|stops|opens|closes|needs"
    r"|runs|takes|smells|looks|expires)\b)[a-z]+s\b)"
)

_CLOCK = r"(?:[01]\d|2[0-3])[0-5][05]"
_HYPHEN = after_digit("-")
CODE_RULES: list[Rule] = [
    (
        ("-8", "-9"),
        r"(?<![\w-])1-([89]\d\d)-(?=[A-Z0-9-]{0,20}[A-Z])([A-Z0-9](?:-?[A-Z0-9]){3,14})\b",
        _telephone_in_letters,
    ),
    (("x",), r"(?<=\d{3}[-. ])(\d{4}),? ?(?:x|ext)\.? ?(\d{1,6})\b", _with_extension),
    (
        after_digit("- "),
        r"(?<![\w.,-])(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}|3\d{3}([ -])\d{6}\2\d{5})" + _PAUSED,
        _telephone,
    ),
    (("(0)", "(+"), r"\((\+\d{1,3})\) ?(?:\(0\) ?)?(?=\d)|(\+\d{1,3}) ?\(0\) ?(?=\d)", r"\1\2 "),
    (
        (")",),
        r"(?<![\w-])(?:(?:\+?\d{1,3}[ .-]?)?\(\d{3}\)[ .-]?\d{3}[ .-]\d{4}|\(0\d{1,4}\)[ -]?\d{3,4}[ -]?\d{3,4})"
        r"(?![\w-])",
        _telephone,
    ),
    (after_digit(" ."), r"(?<![\w.,+-])(?:\+?1[ .])?\d{3}([ .])\d{3}\1\d{4}(?![\w-]|[.,]\d)", _telephone),
    (
        after_digit("- )/"),
        r"(?<![\w-])(?:\+\d{1,3}[ -]?)?(?:1-)?\d{3}[ /-]\d{3}[ -]\d{4}(?:-\d{1,6})?(?![\w-])",
        _telephone,
    ),
    (
        ("+", "0"),
        r"(?<![\w.,+-])(?:\+(?=(?:[ -]?\d){8,15}(?!\d))\d{1,3}(?:[ -]\d{1,8}){1,6}|0\d{2,4}(?:[ -]\d{2,5}){2,4}"
        r"|0\d{3,4} \d{6,7})(?![\w-]|[.,]\d)",
        _telephone,
    ),
    (
        _NAME_MARKS,
        rf"(\b{_NUMBER_NAMES}(?: is| was|:| of)? ?#?)({_TOKEN}|[a-z]{{1,4}}\d{{3,12}}){_PAUSED}",
        _code,
    ),
    (_HYPHEN, r"(?<![\w-])\d{3}-\d{4}(?![\w-])", _telephone),
    (
        ("all ", "ial ", "ing ", "hone ", "ext "),
        r"(?<=\b(?:[Cc]all|[Dd]ial|[Rr]ing|[Tt]ext) )\d{3} \d{4}(?![\w-]|[.,]\d)",
        _telephone,
    ),
    (("7-",), r"(?<![\w.,-])(7[0-8]7)-(\d{1,3})(?=s?\b)(?![-.,/]\d)", _aircraft),
    (tuple(_MAKERS.split("|")), rf"(\b(?:{_MAKERS})) (\d{{3}})(?=s?\b)(?![.,]\d)", _room),
    (_HYPHEN, r"\b\d{1,12}(?:-\d{1,12}){2,12}\b", _groups),
    (_HYPHEN, rf"(?<![\w.,:/$-])(?=0|\d{{4}}-0)({_CLOCK})-({_CLOCK}){_PAUSED}", _shift),
    (_HYPHEN, r"(?<![\w.,:/$-])(?:0\d{1,11}-\d{1,12}|\d{1,12}-0\d{1,11})" + _PAUSED, _telephone),
    (
        _HYPHEN,
        r"(?<![\w.,:/$-])(?!\d{0,9}00-\d{0,9}00\b)\d{5,12}-\d{1,4}" + _PAUSED,
        _telephone,
    ),
    (
        _HYPHEN,
        r"(?<![\w-])(?=[A-Za-z\d-]{0,30}\d-\d)(?=[\d-]{0,30}[A-Za-z])(?:[A-Z\d]{1,9}|[a-z]{1,3})"
        r"(?:-(?:[A-Z\d]{1,9}|[A-Z]?[a-z]{1,3})){2,9}(?![\w-])",
        _mixed,
    ),
    (
        _HYPHEN,
        r"(?<![A-Za-z])([A-Za-z]{1,6}(?!(?:19|20)\d\d-)(?:\d{2,8}|(?<=[A-Za-z]{2})\d|\d(?=-\d{3})))"
        r"-(?=\d{1,8}(?![a-z\d]))",
        r"\1 ",
    ),
    (("ial ",), r"(\b[Dd]ial (?:star |pound )?)(\d{2,6})\b(?![.,:/-]?\d)", _named),
    (
        ("all ", "ial ", "ext ", "hone ", "ax "),
        r"(\b(?:[Cc]all|[Dd]ial|[Tt]ext|[Pp]hone|[Ff]ax)(?: us| me)?(?: at| on)? )(\d{10,11})\b(?![.,:/-]?\d)",
        _named,
    ),
    (
        ("ext", "end "),
        r"(\b(?:[Tt]ext (?=\d{5})|(?:[Tt]ext|[Ss]end) [A-Z]{2,12} to ))(\d{3,6})\b" + _NO_COUNT,
        _named,
    ),
    (("ext",), r"(\b[Tt]ext [^.!?;]{0,40}\bto )(\d{4,7})\b(?![.,:/-]?\d)", _named),
    (
        ("all ", "ial ", "or "),
        rf"\b(?:[Cc]all|[Dd]ial) (?:[a-z ]{{4,40}} or )?(?:{_EMERGENCY})(?:,? or (?:{_EMERGENCY}))?\b" + _NO_COUNT,
        lambda match: re.sub(r"\d+", lambda number: digits(number[0]), match[0]),
    ),
    (
        _ROOM_MARKS,
        rf"\b({_ROOMS}) (\d{{3,4}})\b" + _NO_COUNT,
        _room,
    ),
    (
        ("ccount ", "rder ", "icket ", "eference ", "nvoice ", "ase "),
        r"(\b(?:[Aa]ccount|[Oo]rder|[Tt]icket|[Rr]eference|[Ii]nvoice|[Cc]ase) (?:#|number )?)"
        r"(?!\d+000\b)(\d{5,14})\b" + _NO_COUNT,
        _named,
    ),
    (
        tuple(word[1:] for word in _CALL_SIGNS.split("|")),
        rf"\b((?:{_CALL_SIGNS}) \d)-(?=\d\b(?!-))",
        r"\1 ",
    ),
    (
        ("t 0", "y 0", "til 0", "ter 0", "nce 0"),
        r"(?:(?<=\b[Aa]t )|(?<=\b[Bb]y )|(?<=\b(?:until|since|after) ))0\d[0-5]\d\b(?![.,:/-]?\d)",
        lambda match: _military(match[0]),
    ),
    (("hours", "hrs"), r"\b((?:[01]\d|2[0-3])[0-5]\d) (?:hours|hrs)\b", _hours),
    (("0p",), r"\b(\d{1,2})([2-9]0)p\b", _resolution),
    (after_digit("."), r"(?<![\d.])\d+(?:\.\d+){2,}(?!\d)", _dotted),
    (
        ("",),
        r"(?:(?<=[A-Z])\d{3,}|(?<=\b[A-Z]-)\d{3,4}(?=s?\b)|(?<=\b[A-Z]{2}-)\d{3}(?=s?\b))(?![.,:/-]?\d)",
        _attached,
    ),
]

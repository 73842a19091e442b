"""English: everything written in digits, in words. The rules are applied in order.

Here: calculations, ordinals, plurals and what remains. ``dates`` has dates and times, ``codes`` numbers read digit by
digit, ``money``, ``units``, ``fractions`` and ``ranges`` what their names say, ``counting`` plain numbers.
"""

from __future__ import annotations

import re

from f5_pipeline.languages.english.codes import CODE_RULES
from f5_pipeline.languages.english.counting import NUMBER, apart, cardinal, ordinal, paired, plural, year
from f5_pipeline.languages.english.dates import DECADE_RULES, dates_in_words
from f5_pipeline.languages.english.fractions import FRACTION_RULES
from f5_pipeline.languages.english.money import LIKE_MONEY, MAGNITUDES, MONEY_RULES
from f5_pipeline.languages.english.ranges import RANGE_RULES
from f5_pipeline.languages.english.rules import Rule, after_digit, apply, compiled
from f5_pipeline.languages.english.times import TIME_RULES
from f5_pipeline.languages.english.units import MEASURE_RULES, UNIT_RULES


def _calculation(match: re.Match[str]) -> str:
    """ "What is 12 - 7?"; without spaces around the hyphen it may be a range."""
    return match[0].replace(" - ", " minus ").replace("×", "times").replace(" x ", " times ")


def _joined(match: re.Match[str]) -> str:
    """ "10 000" with a space between its groups."""
    return match[0].replace(" ", "")


def _plural(match: re.Match[str]) -> str:
    """ "747s", "F-16s"; "100s" are "hundreds"."""
    named = len(match[1]) == 3 and not match[1].endswith("00")
    spoken = plural(paired(match[1]) if named else year(match[1]) if match[1].isdecimal() else cardinal(match[1]))
    if match[1].strip("0,") == "1":
        spoken = (
            spoken.removeprefix("one ")
            .replace("ten thous", "tens of thous")
            .replace("hundred thous", "hundreds of thous")
        )
    return apart(match, spoken)


def _magnitude(match: re.Match[str]) -> str:
    """ "50k followers"; the "K" of "13900K" is none."""
    if len(match[1].partition(".")[0]) > 3:
        return match[0]
    return f"{cardinal(match[1])} {MAGNITUDES[match[2]]}"


def _years(match: re.Match[str]) -> str:
    """ "1999/2000", "2023/24": following years."""
    first, last = match.groups()
    following = str(int(first) + 1)[-len(last) :] == last
    return f"{first} to {last}" if following or (len(last) == 4 and last > first) else match[0]


def _bare(match: re.Match[str]) -> str:
    """Any remaining number."""
    return apart(match, year(match[0]) if match[0].isdecimal() else cardinal(match[0]))


_LASTING = r"\b(?:after|every|for|takes|took|wait|waited|within|lasts|lasted)"  # "wait 5s", but "100s of people"
_SUM = r"-?\d[\d.]{0,15}(?: ?(?:plus|minus|times|[-+/]) ?-?\d[\d.]{0,15}){0,9}"

_BEFORE_MONEY: list[Rule] = [
    (
        after_digit(","),  # "5,00,000" in India
        r"(?<![\w.,])\d{1,2}(?:,\d\d){1,4},\d{3}(?!,?\d)",
        lambda match: match[0].replace(",", ""),
    ),
    (
        ("/",),  # "the 2023/24 season"
        r"(?<![\w/.-])((?:1[6-9]|20)\d\d)/((?:1[6-9]|20)?\d\d)(?![\w/-])",
        _years,
    ),
    (after_digit("snrt"), r"(?<=\d(?:st|nd|rd|th))[-–](?=\d{1,3}(?:st|nd|rd|th)\b)", " to "),
    (after_digit("eE"), r"(?<![\w.])(\d\.\d{1,15})[eE]([+-]?\d{1,3})\b", r"\1 times 10 to the power of \2"),
    (
        ("m people", "m users", "m views", "m followers", "m customers", "m homes", "m jobs", "m tonnes", "m copies"),
        rf"(?<![\w.,])({NUMBER})m(?= [a-z])",
        lambda match: f"{match[1]} million",
    ),
    ((" 000",), r"(?<![\w.,+-])([1-9]\d{0,2})((?: \d{3}){1,5})(?<= 000)(?![\w-]|[.,]\d)", _joined),
    (after_digit("s"), rf"({_LASTING} )(\d{{1,3}})s\b(?! of)", lambda match: f"{match[1]}{match[2]} seconds"),
    *DECADE_RULES,
    ((" equals", "="), rf"(?<=\d) ?- ?(?={_SUM} ?(?:=|equals))", " minus "),
    (
        ("hat", "alculate", "valuate", "ompute"),
        r"\b(?:[Ww]hat(?: is|'s)|[Cc]alculate|[Ee]valuate|[Cc]ompute) [\d(][\d\s.()+×x*/÷-]{1,80}",
        _calculation,
    ),
    (
        ("×",),
        r"(?<=[\d)]) ?× ?(?=\()|(?<=\)) ?× ?|(?<=\d) ?× ?(?=\d[\d.,]* ?(?:=|equals|[×+]))",
        " times ",
    ),
    (("/",), r"(?<![\d/.-])(\d{1,3})-(?=\d{1,2}/\d{1,3}(?![\d/]))", r"\1 "),
    (("%", "°", *"€£¥₹"), r"(?<=\d[%°€£¥₹])(?:-| ?– ?)(?=\d)|(?<=\d°[CF])(?:-| ?– ?)(?=\d)", " to "),
]
_AFTER_MONEY: list[Rule] = [
    *RANGE_RULES,
    (("-",), r"(?<![\w.)])(?<!\d')-(?=\.?\d)", "minus "),
    (("+",), r"(?<![\w)])\+(?=\.?\d)", "plus "),
    (("squared - ", "cubed - "), r"(?<=ed) - (?=\w)", " minus "),
    *UNIT_RULES,
    (("+",), r"(?<=\d) ?[+] ?(?=\d)", " plus "),
    (after_digit("kKM"), rf"(?<![\w.,])(?![248]K)({NUMBER})([kKM])(?= (?!run|race|gold)[a-z]{{3}})", _magnitude),
    (after_digit("MB"), rf"(?<=\b(?:of|to|is|at|by|or|on) )({NUMBER})([MB])(?=[.,;:!?)]|$)", _magnitude),
    (("opulation ",), rf"(?<=opulation )({NUMBER})([kKMB])\b", _magnitude),
    (after_digit("s"), r"(?<![\d.,])(\d{1,3}(?:,\d{3})*|\d+)s\b", _plural),
    *MEASURE_RULES,
    *FRACTION_RULES,
    (
        after_digit("snrtSNRT"),
        r"\b(\d{1,3}(?:,\d{3})*|\d+)(?:st|nd|rd|th|ST|ND|RD|TH)\b",
        lambda match: ordinal(int(match[1].replace(",", ""))),
    ),
    (("'",), r"\b(\d{1,4})' ?[x×] ?(\d{1,4})'(?!\w)", lambda match: f"{match[1]} by {match[2]} feet"),
    (
        after_digit("x×"),
        rf"\b({NUMBER})[x×](?![A-Za-z]| (?:plus|minus|equals|is|squared|cubed|to)\b)",
        lambda match: f"{cardinal(match[1])} times",
    ),
    (("x",), r"(?<!\w)x(?!86\b|64\b|32\b)(?=\d+\b)", "times "),
    (("×",), r"(?<=\w) ?× ?(?=\w)", " times "),
    ((" / ",), r"(?<=\d) / (?=\d)", " divided by "),
    (("=",), r"(?<=\d) ?= ?(?=\d)", " equals "),
    (after_digit(":"), r"(?<=\d{4}):(?=(?:19|20)\d\d\b)", ", "),
    (after_digit(":"), r"(?<=\d):(?=\d)", " to "),
    (("/",), r"(?<=\d)/(?=\d)", " slash "),
    (after_digit(","), r"(?<=\d),(?=\d)(?!\d{3}\b)", ", "),
    (("",), NUMBER, _bare),
]
_FIRST_RULES = compiled([*TIME_RULES, *CODE_RULES, *_BEFORE_MONEY])
_MONEY, _LAST_RULES = compiled(MONEY_RULES), compiled(_AFTER_MONEY)
_DIGIT = re.compile(r"\d")


def numbers_in_words(text: str, day_first: bool = False) -> str:
    """The English text with all digits in words. ``day_first``: 03/04/2024 is in April (British usage)."""
    if not _DIGIT.search(text):
        return text
    text = apply(dates_in_words(text, day_first), _FIRST_RULES)
    if LIKE_MONEY.search(text):
        text = apply(text, _MONEY)
    return apply(text, _LAST_RULES)

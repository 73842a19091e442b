"""Hindi telephone numbers, postcodes, house numbers and other codes, whose digits are read one by one."""

from __future__ import annotations

import re

from f5_pipeline.languages.hindi.numbers import digits, number
from f5_pipeline.languages.hindi.words import BEFORE_CODE, COUNTED_THINGS, PLACES, STREETS
from f5_pipeline.languages.rules import Rule

_START, _END = r"(?<![\d.,+-])", r"(?![\d]|[.,-]\d)"
_AMOUNT = r"(?! ?(?:रु|₹|%|प्रतिशत|लाख|हज़ार|करोड़|बार|लोग|बजे|दिन|साल|मिनट|घंट|GB|सवाल|प्रश्न|बच्च))"
_HOUSE_MARKS = {"/": "बटा", "-": "हाइफ़न"}
_CODE = r"\d(?:[\d -]{0,24}\d)?"


def _code(match: re.Match[str]) -> str:
    return digits(match[0])


def _named(match: re.Match[str]) -> str:
    return match[1] + digits(match[2])


def _house(match: re.Match[str]) -> str:
    """ "17-18", "4/5"."""
    spoken = [_HOUSE_MARKS.get(part) or digits(part) for part in re.split("([/-])", match[0])]
    return " ".join(spoken)


CODES: tuple[Rule, ...] = (
    Rule(re.compile(r"\d{20,99}"), _code),
    Rule(re.compile(rf"((?:{COUNTED_THINGS}) (?:नंबर|संख्या) )(\d{{1,2}})(?!\d)"), lambda m: m[1] + number(m[2])),
    Rule(re.compile(r"\+\d{1,3}(?:[ -]?\d{2,10}){1,4}(?!\d)"), lambda m: "प्लस " + digits(m[0]), "+"),
    Rule(
        re.compile(
            rf"(?<![A-Za-z\u0900-\u097f])((?:{BEFORE_CODE})(?:[ :-]|है|था|नंबर){{1,3}})({_CODE})"
            rf"(?!\d|[.,/]\d|[A-Za-z]){_AMOUNT}"
        ),
        _named,
    ),
    Rule(re.compile(rf"((?:{PLACES})(?: ?[-–,] ?| ))(\d{{6}}|\d{{3}} \d{{3}}){_END}{_AMOUNT}"), _named),
    Rule(re.compile(rf"(?:^|(?<=, ))\d{{1,6}}(?=,? (?:[^\s,\d]{{1,20}} ){{0,3}}(?:{STREETS})(?! पर))"), _house),
    Rule(re.compile(rf"^\d{{1,4}}(?:[/-]\d{{1,4}})?(?=, | \d)(?=[^।!?]{{1,80}}(?:{STREETS}))"), _house),
    Rule(re.compile(rf"^\d{{1,4}}/\d{{1,4}}(?= [^।!?]{{1,80}}(?:{STREETS}))"), _house, "/"),
    Rule(re.compile(rf"{_START}(?:0 ?)?\(0?\d{{2,5}}\) ?\d{{5,8}}{_END}"), _code, "("),
    Rule(re.compile(rf"{_START}0\d{{2,6}}[-. ](?:\d{{3,4}}[- ]\d{{4}}|\d{{4,8}}){_END}"), _code, "0"),
    Rule(re.compile(rf"{_START}1[89]00[- ]\d{{2,3}}[- ]\d{{3,4}}{_END}"), _code, "1"),
    Rule(re.compile(rf"{_START}[6-9]\d{{4}}[ -]?\d{{5}}{_END}{_AMOUNT}"), _code),
    Rule(re.compile(rf"{_START}\d{{4}} \d{{4}} \d{{4}}(?: \d{{4}})?{_END}"), _code),
    Rule(re.compile(rf"{_START}\d{{1,5}}(?:-\d{{1,8}}){{2,5}}{_END}"), _code, "-"),
)

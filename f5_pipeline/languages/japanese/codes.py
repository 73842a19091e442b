"""Japanese telephone numbers, postcodes and other codes, whose digits are read one by one; の stands for a hyphen."""

from __future__ import annotations

import re

from f5_pipeline.languages.characters import han_digits
from f5_pipeline.languages.japanese.numbers import number
from f5_pipeline.languages.japanese.words import BEFORE_CODE
from f5_pipeline.languages.rules import Rule

_START, _END = r"(?<![\d.,-])", r"(?!\d|[.,-]\d)"
_SEPARATORS = re.compile(r"[-() ]{1,3}")


def _code(match: re.Match[str]) -> str:
    return match[1] + _grouped(match[2])


def _grouped(written: str) -> str:
    groups = [part for part in _SEPARATORS.split(written) if part]
    return "の".join("".join(han_digits(c) if c.isdecimal() else c for c in part) for part in groups)


def _hyphenated(match: re.Match[str]) -> str:
    """ "1-2-3" in a postal address as numbers, longer groups digit by digit."""
    parts = match[0].split("-")
    is_address = all(len(part) <= 3 and part[0] != "0" for part in parts)
    return "の".join(number(part) if is_address else han_digits(part) for part in parts)


CODES: tuple[Rule, ...] = (
    Rule(re.compile(r"\d{21,99}"), lambda m: han_digits(m[0])),
    Rule(re.compile(r"(?<=\d)[ー－―](?=\d)"), lambda m: "-", "ー－―"),
    Rule(
        re.compile(
            rf"((?:{BEFORE_CODE})(?:番号|[はがの:： ]){{0,3}})([A-Za-z]{{0,4}}\d[\d()-]{{0,30}}\d|\d)"
            r"(?!\d|[人円個年月日時分回歳件%])"
        ),
        _code,
    ),
    Rule(re.compile(r"(\+)(\d{1,3}(?:[- ]\d{1,5}){1,5})(?!\d)"), lambda m: "プラス" + _grouped(m[2]), "+"),
    Rule(re.compile(rf"{_START}()(\(?0\d{{1,4}}[-) ]\s?\d{{1,4}}-\d{{3,4}}){_END}"), _code, "-"),
    Rule(re.compile(rf"{_START}()(0\d{{1,4}}\(\d{{1,4}}\)\s?\d{{3,4}}){_END}"), _code, "("),
    Rule(re.compile(rf"(郵便番号\s?)(\d{{3}}-\d{{4}}){_END}"), _code, "-"),
    Rule(re.compile(rf"{_START}\d{{1,13}}(?:-\d{{1,13}}){{2,5}}{_END}"), _hyphenated, "-"),
    Rule(re.compile(r"(?<=[町目番])(\d{1,3}-\d{1,3})(?!\d|[-.]\d)"), _hyphenated, "-"),
)

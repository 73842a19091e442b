"""Chinese telephone numbers and other codes, whose digits are read one by one."""

from __future__ import annotations

import re
from string import ascii_uppercase

from f5_pipeline.languages.characters import han_digits
from f5_pipeline.languages.chinese.numbers import number
from f5_pipeline.languages.chinese.words import BEFORE_CODE, CURRENCIES
from f5_pipeline.languages.rules import Rule, any_of

_START, _END = r"(?<![\d.,-])", r"(?![\d]|[.,-]\d)"
_AMOUNT = r"(?!\s?(?:[个人元美欧日亿万次吨条名位米公千本家台辆年天%]|\.\d))"
_CODES_OF_CURRENCIES = any_of(code for code in CURRENCIES if code.isalpha() and code.isascii())
_READ_AS_CODE = r"[pP](?![A-Za-z])|室|路公交|路车|次列车|航班|房间|寝室|号房|工作制"
_CODE = r"[\dA-Za-z]{0,12}\d[\d -]{0,30}\d|\d"


def _code(match: re.Match[str]) -> str:
    """The code with every digit read; letters stay, hyphens and spaces within it go."""
    return "".join(han_digits(c) if c.isdecimal() else c for c in match[0] if c not in "- ()")


def _after_letters(match: re.Match[str]) -> str:
    return match[1].rstrip("-") + han_digits(match[2])


CODES: tuple[Rule, ...] = (
    Rule(re.compile(r"\d{19,99}"), lambda m: han_digits(m[0])),
    Rule(re.compile(rf"(?:{BEFORE_CODE})(?:群|号码?|號碼?|是|为|為|码|碼|[:： ]){{0,3}}(?:{_CODE})(?!\d|:\d)"), _code),
    Rule(re.compile(r"(?<![A-Za-z\d])\+(\d{1,3})[- ]?(?=\d[\d -]{5})"), lambda m: f"加{han_digits(m[1])} ", "+"),
    Rule(re.compile(rf"{_START}\(?0\d{{2,3}}(?:\)\s?|[- ])\d{{7,8}}(?:-\d{{1,5}})?{_END}"), _code, "- )"),
    Rule(re.compile(rf"{_START}[48]00[- ]\d{{3}}[- ]?\d{{4}}{_END}"), _code, "- "),
    Rule(re.compile(rf"{_START}1[3-9]\d(?:[- ]\d{{4}}){{2}}{_END}"), _code, "- "),
    Rule(re.compile(rf"{_START}1[3-9]\d{{9}}{_END}{_AMOUNT}"), _code, "1"),
    Rule(re.compile(rf"{_START}\d{{1,5}}(?:-\d{{1,8}}){{2,5}}[-Xx]{{0,2}}(?![\d])"), _code, "-"),
    Rule(
        re.compile(r"(?<=[栋幢座元楼])(\d{1,3})-(\d{3,4})(?!\d)"), lambda m: f"{number(m[1])}杠{han_digits(m[2])}", "-"
    ),
    Rule(re.compile(r"(?<=[零一二三四五六七八九]转)\d{2,5}(?!\d)"), _code, "转"),
    Rule(re.compile(r"(?<![\d.])\d{3,6}(?=客服|热线)"), _code, "客热"),
    Rule(re.compile(rf"{_START}\d{{17}}[\dXx](?![\dA-Za-z])"), _code),
    Rule(
        re.compile(
            rf"(?<![A-Za-z])(?!{_CODES_OF_CURRENCIES})([A-Z]{{1,3}}-?)(\d{{3,12}}(?:-\d{{1,8}}){{0,3}})(?![\d.,]|[A-Za-z]{{2}})"
        ),
        _after_letters,
        ascii_uppercase,
    ),
    Rule(re.compile(rf"(?<![\d.])\d{{3,4}}(?={_READ_AS_CODE})"), _code, "pP室路次航房寝"),
)

"""Russian telephone numbers, group by group, and codes, digit by digit."""

from __future__ import annotations

import re

from f5_pipeline.languages.rules import Rule
from f5_pipeline.languages.russian.cardinal_words import cardinal
from f5_pipeline.languages.russian.numbers import digits

_START, _END = r"(?<![\d.,+-])", r"(?!\d|[.,-]\d)"


def _telephone(match: re.Match[str]) -> str:
    """ "8-913-983-56-01", "+7 (495) 123-45-67": each group as a number."""
    plus = "плюс " if match[0].startswith("+") else ""
    return plus + " ".join(map(_group, re.findall(r"\d+", match[0])))


def _unbroken(match: re.Match[str]) -> str:
    plus = "плюс " if match[1] else ""
    return plus + " ".join(map(_group, match.groups()[1:]))


def _group(written: str) -> str:
    zeros = len(written) - len(written.lstrip("0"))
    rest = [cardinal(int(written[zeros:]))] if written[zeros:] else []
    return " ".join(["ноль"] * zeros + rest)


CODES: tuple[Rule, ...] = (
    Rule(re.compile(r"\d{16,99}"), lambda m: digits(m[0])),
    Rule(re.compile(rf"{_START}(\+?)([78])([3-9]\d\d)(\d{{3}})(\d\d)(\d\d){_END}"), _unbroken, "78"),
    Rule(
        re.compile(
            rf"{_START}(?:\+\d{{1,3}}|8)(?:[ -]?\(\d{{3,5}}\)|[ -]\d{{3,5}})"
            rf"(?:[ -]?\d{{2,3}})(?:[ -]?\d{{2}}){{1,3}}{_END}"
        ),
        _telephone,
        "8+",
    ),
    Rule(re.compile(rf"{_START}\(\d{{3,5}}\) ?\d{{1,3}}(?:-\d{{2}}){{2}}{_END}"), _telephone, "("),
    Rule(re.compile(rf"{_START}\d{{2,3}}-\d\d-\d\d{_END}"), _telephone, "-"),
    Rule(re.compile(rf"{_START}\d{{1,5}}(?:-\d{{1,8}}){{2,5}}{_END}"), _telephone, "-"),
    Rule(
        re.compile(r"((?:индекс|код|пароль|пин-код|ИНН|СНИЛС|ОГРН|БИК|паспорт)[: ]{1,2})(\d{3,15})(?!\d)"),
        lambda m: m[1] + digits(m[2]),
    ),
)

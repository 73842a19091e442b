"""Russian money, measures, percentages, fractions, ranges and mathematical signs, in the case of their preposition."""

from __future__ import annotations

import re

from f5_pipeline.languages.rules import Rule, any_of, first_of
from f5_pipeline.languages.russian.agreement import around, case_of, ends_in, form_of, kept_period
from f5_pipeline.languages.russian.cardinal_words import cardinal
from f5_pipeline.languages.russian.numbers import NUMBER, counted, fraction, number, plain
from f5_pipeline.languages.russian.words import CURRENCIES, OPERATORS, PER, UNITS

_CURRENCY = any_of(CURRENCIES)
_UNIT = any_of(UNITS)
_CURRENCY_MARKS, _OPERATOR_MARKS = first_of(CURRENCIES), "".join(OPERATORS)
_MAGNITUDE = r"(?: ?(?P<magnitude>тыс|млн|млрд|трлн)\.?(?![а-яё]))?"
_MINUS = r"(?<![\w)\].-])-"
_LETTER = "а-яёА-ЯЁ"


def _case(match: re.Match[str], group: str | int = 0) -> str:
    """ "genitive" after a preposition such as "до", else ""."""
    return "genitive" if case_of(around(match, group)[0]) == "genitive" else ""


def _money(match: re.Match[str]) -> str:
    """ "$5", "5,50 €", "1,5 млн ₽"."""
    minus = "минус " if match.groupdict().get("minus") else ""
    (noun, hundredth), amount = CURRENCIES[match["sign"]], match["amount"]
    before, case = around(match)[0], _case(match, "amount") or _case(match)
    if match["magnitude"]:
        return f"{minus}{counted(amount, UNITS[match['magnitude']], before, case)} {_many(noun)}"
    if not (hundredth and len(plain(amount)[1]) == 2):
        return minus + counted(amount, noun, before, case)
    return minus + _hundredths(amount, noun, hundredth, before, case)


def _hundredths(amount: str, noun: str, hundredth: str, before: str, case: str) -> str:
    """ "5,50": пять рублей пятьдесят копеек."""
    whole, decimals = plain(amount)
    parts = [counted(whole, noun, before, case)] if int(whole) or not int(decimals) else []
    if int(decimals):
        parts.append(counted(str(int(decimals)), hundredth, before, case))
    return " ".join(parts)


def _many(noun: str) -> str:
    forms = noun.split(" ")
    return forms[2 if len(forms) > 2 else 0].replace("_", " ")


def _measure(match: re.Match[str]) -> str:
    amount, unit, second, per = match["amount"], match["unit"], match["second"], match["per"]
    before, case = around(match)[0], _case(match)
    if unit == "руб" and len(plain(amount)[1]) == 2 and not second:
        return _hundredths(amount, *CURRENCIES["₽"], before, case) + kept_period(match)
    spoken = counted(amount, UNITS[unit], before, case)
    if second:
        spoken += f" {_many(UNITS[second])}"
    if per:
        spoken += f" {PER.get(per) or 'на ' + per}"
    return spoken + kept_period(match)


def _fraction(match: re.Match[str]) -> str:
    whole, numerator, denominator = match[1], int(match[2]), int(match[3])
    if not 2 <= denominator <= 1000:
        return f"{number(match[2])} дробь {number(match[3])}"
    spoken = fraction(numerator, denominator)
    if not whole:
        return spoken
    if (numerator, denominator) == (1, 2):
        noun = around(match)[1]
        return f"{cardinal(int(whole), 'feminine' if noun[-1:] in ('ы', 'и') else 'masculine')} с половиной"
    return f"{cardinal(int(whole), 'feminine')} {'целая' if ends_in(int(whole), 1) else 'целых'} и {spoken}"


def _number(match: re.Match[str]) -> str:
    """A number that no other rule has read, in the form of its noun; apart from a letter that touches it."""
    written = match[1]
    before, noun, second = around(match)
    whole, _ = plain(written)
    form = form_of(int(whole[-9:]), before, noun, second)
    left = " " if match.string[: match.start()][-1:].isalpha() else ""
    after = match.string[match.end() : match.end() + 1]
    right = " " if after.isalpha() else ""
    return left + number(written, form) + right


QUANTITIES: tuple[Rule, ...] = (
    Rule(
        re.compile(r"((?:соотношени|пропорци|отношени|масштаб)[а-яё]{0,2} )(\d{1,9}):(\d{1,9})(?!\d)"),
        lambda m: f"{m[1]}{cardinal(int(m[2]))} к {cardinal(int(m[3]), 'masculine-dative')}",
        ":",
    ),
    Rule(re.compile(r"(?<=\d):(\d{3,9})(?!\d)"), lambda m: f" к {cardinal(int(m[1]), 'masculine-dative')}", ":"),
    Rule(re.compile(r"(?<=\d):(?=\d)"), lambda m: " ", ":"),
    Rule(re.compile(rf"(?<=\d) ?[×xх] ?(?={NUMBER}(?! ?=))"), lambda m: " на ", "×xх"),
    Rule(re.compile(rf"(?<=[A-Za-z{_LETTER}])-(?=\d)"), lambda m: " ", "-"),
    Rule(
        re.compile(rf"(?P<minus>{_MINUS})?(?P<sign>{_CURRENCY}) ?(?P<amount>{NUMBER}){_MAGNITUDE}"),
        _money,
        _CURRENCY_MARKS,
    ),
    Rule(
        re.compile(rf"(?P<amount>{NUMBER}){_MAGNITUDE} ?(?P<sign>{_CURRENCY})(?![A-Za-z\d])"), _money, _CURRENCY_MARKS
    ),
    Rule(re.compile(rf"{_MINUS}(?=\d)"), lambda m: "минус ", "-"),
    Rule(re.compile(r"(?<![\w)])([+±√≈≤≥<>])\s?(?=\d)"), lambda m: f"{OPERATORS[m[1]]} ", _OPERATOR_MARKS),
    Rule(
        re.compile(
            rf"(?P<amount>{NUMBER}) ?(?P<unit>{_UNIT})(?P<dot>\.?)"
            rf"(?: (?P<second>(?:руб|долл|чел|шт|л|т|кг|км|м|га)(?![{_LETTER}]))\.?)?"
            rf"(?: ?/ ?(?P<per>100 км|[{_LETTER}a-z²³]{{1,5}})\.?)?(?![{_LETTER}A-Za-z\d²³]|-[{_LETTER}])"
        ),
        _measure,
    ),
    Rule(re.compile(r"(?<![\d/.,])(?:(\d{1,6}) )?(\d{1,9})/(\d{1,9})(?![\d/])"), _fraction, "/"),
    Rule(re.compile(rf"({NUMBER})(?:²|\^2)"), lambda m: f"{number(m[1])} в квадрате", "²^"),
    Rule(re.compile(rf"({NUMBER})(?:³|\^3)"), lambda m: f"{number(m[1])} в кубе", "³^"),
    Rule(re.compile(rf"(?<=\d) ?- ?(?={NUMBER} ?=)"), lambda m: " минус ", "="),
    Rule(
        re.compile(r"(?<=\d)(?: ([+×*÷=≈≠≤≥<>±]) |([+×*÷=≈≠≤≥<>±]))(?=\d)"),
        lambda m: f" {OPERATORS[m[1] or m[2]]} ",
        _OPERATOR_MARKS,
    ),
    Rule(re.compile(rf"({NUMBER})"), _number),
)

"""Japanese ranges, percentages, fractions, money, measures, scores and mathematical signs."""

from __future__ import annotations

import re

from f5_pipeline.languages.japanese.numbers import NUMBER, number
from f5_pipeline.languages.japanese.words import CURRENCIES, OPERATORS, SPEEDS, UNITS
from f5_pipeline.languages.rules import Rule, any_of, first_of

_CURRENCY, _UNIT = any_of(CURRENCIES), any_of(UNITS)
_CURRENCY_MARKS, _UNIT_MARKS, _OPERATOR_MARKS = first_of(CURRENCIES), first_of(UNITS), "".join(OPERATORS)
_MINUS = r"(?<![A-Za-z\d)\]_.-])-"
_MAGNITUDE = r"(?:\s?(?P<word>[万億兆千百]{1,2}))?"
_WAVE = "[~～〜]"
_AFTER_NUMBER = r"[%℃°万億兆年月日時分秒円個人名台頃代]?[一-龥ァ-ヶーA-Za-z%℃°²³]{0,8}"
_AT_END = r"[^\s\dぁ-ん。、]{0,4}\d|[¥$€£√-]|元年|$|[\s、。)）]"  # what follows the wave of a range
_WON = "勝|負|敗|快勝|惜敗|逆転|リード|スコア|勝利|敗れ"


def _score(match: re.Match[str]) -> str:
    return f"{number(match[1])}対{number(match[2])}"


def _angle(match: re.Match[str]) -> str:
    return f"{number(match[1])}度{number(match[2])}分" + (f"{number(match[3])}秒" if match[3] else "")


def _span(match: re.Match[str]) -> str:
    """ "10-15"; between falling numbers a hyphen is no range."""
    first, last = (float(match[group].replace(",", "")) for group in (1, 2))
    return match[1] + ("から" if first < last else "の")


def _fraction(match: re.Match[str]) -> str:
    """ "1/2", "1と1/2", "√1/2"."""
    whole = f"{number(match[2])}{match[3].strip() or 'と'}" if match[2] else ""
    root = "ルート" if match[4] else ""
    return f"{'マイナス' if match[1] else ''}{whole}{number(match[6])}分の{root}{number(match[5])}"


def _money(match: re.Match[str]) -> str:
    minus = "マイナス" if match.groupdict().get("minus") else ""
    (name, hundredth), amount = CURRENCIES[match["sign"]], match["amount"]
    if match["word"]:
        return f"{minus}{number(amount)}{match['word']}{name}"
    whole, _, cents = amount.partition(".")
    if hundredth and len(cents) == 2:
        units = f"{number(whole)}{name}" if whole.strip("0") else ""
        return minus + units + (f"{number(str(int(cents)))}{hundredth}" if int(cents) or not units else "")
    return f"{minus}{number(amount)}{name}"


def _measure(match: re.Match[str]) -> str:
    before, amount, unit, per = match.group(1, 2, 3, 4)
    spoken = number(amount) + UNITS[unit]
    if not per:
        return (before or "") + spoken
    if unit in ("km", "m", "cm", "mm") and per in SPEEDS:
        return f"{before or SPEEDS[per]}{spoken}"
    return f"{before or ''}{spoken}毎{UNITS[per]}"


def _power(match: re.Match[str]) -> str:
    exponent = {"²": "2", "³": "3"}.get(match[2], match[2].lstrip("^"))
    minus = "マイナス" if exponent.startswith("-") else ""
    return f"{number(match[1])}の{minus}{number(exponent.lstrip('-'))}乗"


SPANS: tuple[Rule, ...] = (
    Rule(re.compile(rf"(?<=\d)({_AFTER_NUMBER})\s?{_WAVE}\s?(?={_AT_END})"), lambda m: f"{m[1]}から", "~～〜"),
    Rule(re.compile(rf"(?<=[一-龥])\s?{_WAVE}\s?(?=[一-龥]|\d)"), lambda m: "から", "~～〜"),
    Rule(re.compile(rf"(?<![\d:-])(\d{{1,3}})[:-](\d{{1,3}})(?=[でのに](?:{_WON}))"), _score, ":-"),
    Rule(re.compile(r"(?:(?<=スコアは)|(?<=スコア)|(?<=得点は))(\d{1,3})[:-](\d{1,3})"), _score, ":-"),
)
QUANTITIES: tuple[Rule, ...] = (
    Rule(re.compile(r"(?<=\d):(?=\d)"), lambda m: "対", ":"),
    Rule(re.compile(r"(?<=血圧)([はが]?)(\d{2,3})/(?=\d)"), lambda m: f"{m[1]}{number(m[2])}の", "/"),
    Rule(re.compile(rf"({NUMBER})\s?[-–—]\s?(?=({NUMBER})\s?=)"), lambda m: f"{m[1]}ひく", "="),
    Rule(re.compile(r"(?<=\S)\s?=\s?(?=[\d$¥€A-Za-z一-龥])"), lambda m: "イコール", "="),
    Rule(re.compile(rf"(?<![\d.])({NUMBER})\s?[-–—]\s?(?=({NUMBER}))"), _span, "-–—"),
    Rule(re.compile(r"(?<=\d)([%℃°年月日時分秒円個人]|万円|億円)\s?[-–—]\s?(?=\d)"), lambda m: f"{m[1]}から", "-–—"),
    Rule(
        re.compile(
            rf"({_MINUS})?(?<![\d/.])(?:(\d{{1,6}})(\s?[とか荷又]?\s?)(?=√|\d))?(√)?"
            r"(?<![\d/.])(\d{1,9})/(\d{1,9})(?![\d/])"
        ),
        _fraction,
        "/",
    ),
    Rule(
        re.compile(rf"(?P<minus>{_MINUS})?(?P<sign>{_CURRENCY})\s?(?P<amount>{NUMBER}){_MAGNITUDE}"),
        _money,
        _CURRENCY_MARKS,
    ),
    Rule(re.compile(r"(?<=[A-Za-z])-(?=\d)"), lambda m: "", "-"),
    Rule(re.compile(r"(?<![A-Za-z])B(\d)F(?![A-Za-z\d])"), lambda m: f"地下{number(m[1])}階", "F"),
    Rule(re.compile(r"(?<=\d)F(?![A-Za-z\d])"), lambda m: "階", "F"),
    Rule(re.compile(r"(?<=[\dA-Za-z円個袋本枚])\s?×\s?(?=\d)"), lambda m: "かける", "×"),
    Rule(re.compile(rf"{_MINUS}(?=[\d√])"), lambda m: "マイナス", "-"),
    Rule(re.compile(r"(?<![A-Za-z\d)])\+(?=\d)"), lambda m: "プラス", "+"),
    Rule(
        re.compile(r"(?<![\d)a-z])([<>≤≦≥≧±√≈≒])\s?(?=\d)"),
        lambda m: "約" if m[1] in "≈≒" else OPERATORS[m[1]],
        _OPERATOR_MARKS,
    ),
    Rule(re.compile(r"#(?=\d)"), lambda m: "ナンバー", "#"),
    Rule(re.compile(r"[▲△](?=\d)"), lambda m: "マイナス", "▲△"),
    Rule(
        re.compile(rf"({NUMBER})\s?([%‰])"),
        lambda m: number(m[1]) + ("パーセント" if m[2] == "%" else "パーミル"),
        "%‰",
    ),
    Rule(
        re.compile(rf"(?P<amount>{NUMBER}){_MAGNITUDE}\s?(?P<sign>{_CURRENCY})(?![A-Za-z\d])"), _money, _CURRENCY_MARKS
    ),
    Rule(re.compile(r"(\d{1,3})°\s?(\d{1,2})'(?:\s?(\d{1,2})\")?"), _angle, "°"),
    Rule(re.compile(rf"({NUMBER})\s?(?:°F|℉)"), lambda m: f"華氏{number(m[1])}度", "°℉"),
    Rule(
        re.compile(rf"((?:時速|秒速|分速|風速)(?:は|約)?)?({NUMBER})\s?({_UNIT})(?:/({_UNIT}))?(?![A-Za-z\d])"),
        _measure,
        _UNIT_MARKS,
    ),
    Rule(re.compile(rf"({NUMBER})(\^-?\d{{1,4}}|[²³])"), _power, "^²³"),
    Rule(
        re.compile(r"(?<=[\d)A-Za-z])\s?([×*÷+≈≒≠<>≤≦≥≧±√])\s?(?=[\d(√マルA-Za-z])"),
        lambda m: OPERATORS[m[1]],
        _OPERATOR_MARKS,
    ),
)

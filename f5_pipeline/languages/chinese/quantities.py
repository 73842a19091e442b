"""Chinese percentages, fractions, money, measures, ranges, scores and mathematical signs."""

from __future__ import annotations

import re
from decimal import Decimal

from f5_pipeline.languages.chinese.dates import TO
from f5_pipeline.languages.chinese.numbers import NUMBER, counted, number
from f5_pipeline.languages.chinese.words import CURRENCIES, MEASURE_WORDS, TEMPERATURES, TWO_IS_ER, UNITS
from f5_pipeline.languages.rules import Rule, any_of, first_of

_FACTORS = {"K": 10**3, "k": 10**3, "M": 10**6, "B": 10**9}
_MAGNITUDE = r"(?:\s?(?P<word>万亿|百万|千万|十亿|百亿|千亿|[亿万億萬千百])|(?P<factor>[KkMB])(?![A-Za-z]))?"
_WON = r"战胜|获胜|击败|险胜|大胜|完胜|领先|落后|取胜|告负|不敌|逆转|惜败|胜|负|赢|输|的比分|战平"
_NAMES_OF_MODELS = "歼轰运直图苏米伊征舟娥风弹型系号舰机"  # "歼-20": the hyphen is no minus
_OPERATORS = {
    "×": "乘", "*": "乘", "÷": "除以", "=": "等于", "+": "加", "≈": "约等于", "≠": "不等于", "<": "小于", ">": "大于",
    "≤": "小于等于", "≥": "大于等于", "±": "正负", "√": "根号",
}  # fmt: skip

_PER_HUNDRED = re.compile(rf"({NUMBER})\s?(?:[Ll]|升)/100\s?(?:km|公里|千米)")  # "6.5L/100km"
_POWERS = {"²": "的平方", "³": "的立方"}

_CURRENCY, _UNIT = any_of(CURRENCIES), any_of(UNITS)
_CURRENCY_MARKS, _UNIT_MARKS, _OPERATOR_MARKS = first_of(CURRENCIES), first_of(UNITS), "".join(_OPERATORS)
_BEFORE_DASH = r"[%℃月年日号时点分秒元岁米度天周]|公里|小时|分钟"
_DASH = r"\s?[-–—~～〜]\s?"


def _score(match: re.Match[str]) -> str:
    return f"{number(match[1])}比{number(match[2])}"


def _cold(match: re.Match[str]) -> str:
    last = f"到{number(match[2])}" if match[2] else ""
    return f"零下{number(match[1])}{last}{TEMPERATURES[match[3]]}"


def _percent(match: re.Match[str]) -> str:
    sign = {"-": "负", "+": "正"}.get(match[1] or "", "")
    whole = "百分之" if match[4] == "%" else "千分之"
    first = f"{whole}{number(match[2])}到" if match[2] else ""
    return f"{sign}{first}{whole}{number(match[3])}"


def _fraction(match: re.Match[str]) -> str:
    minus, whole = "负" if match[1] else "", f"{number(match[2])}又" if match[2] else ""
    return f"{minus}{whole}{number(match[4])}分之{number(match[3])}"


def _angle(match: re.Match[str]) -> str:
    return f"{number(match[1])}度{number(match[2])}分" + (f"{number(match[3])}秒" if match[3] else "")


def _money(match: re.Match[str]) -> str:
    groups = match.groupdict()
    minus, name = "负" if "-" in (groups.get("minus"), groups.get("inner_minus")) else "", CURRENCIES[match["sign"]]
    amount = match["amount"]
    if groups.get("first"):
        minus += number(match["first"]) + "到"
    elif name == "元" and not match["word"] and not match["factor"] and re.fullmatch(r"[\d,]{1,20}\.\d\d", amount):
        return minus + _yuan(*amount.split("."))
    if match["factor"]:
        return minus + number(_times(amount, _FACTORS[match["factor"]])) + name
    return minus + counted(amount) + (match["word"] or "") + name


def _times(written: str, factor: int) -> str:
    product = f"{Decimal(written.replace(',', '')) * factor:f}"
    return product.rstrip("0").rstrip(".") if "." in product else product


def _yuan(yuan: str, cents: str) -> str:
    """ "12.50": 十二元五角."""
    jiao, fen = cents[0], cents[1]
    parts = [f"{counted(yuan)}元"] if yuan.strip("0,") else []
    if jiao != "0":
        parts.append(f"{counted(jiao)}角")
    elif fen != "0" and parts:
        parts.append("零")
    if fen != "0":
        parts.append(f"{number(fen)}分")
    return "".join(parts) or "零元"


def _measure(match: re.Match[str]) -> str:
    unit = UNITS[match[2]]
    spoken = (number if unit in TWO_IS_ER else counted)(match[1]) + unit
    return f"{spoken}每{UNITS[match[3]]}" if match[3] else spoken


def _span(match: re.Match[str]) -> str:
    """ "10-15", "10万-15万"; between falling numbers a hyphen is no range."""
    first, last = (Decimal(match[group].replace(",", "")) for group in (1, 3))
    return f"{match[1]}{match[2]}" + ("到" if first < last or match[2] else "杠")


def _power(match: re.Match[str]) -> str:
    """ "5²", "10^6"."""
    power = match[2]
    if power in _POWERS:
        return number(match[1]) + _POWERS[power]
    return f"{number(match[1])}的{'负' if power[1] == '-' else ''}{number(power.lstrip('^-'))}次方"


_MINUS = r"(?<![A-Za-z\d)\]_.-])-"
SCORES: tuple[Rule, ...] = (
    Rule(re.compile(r"(?:(?<=比分|比数|比例|比率)|(?<=比分[是为:：]))(\d{1,6})[:-](\d{1,6})(?![\d:])"), _score, ":-"),
    Rule(re.compile(rf"(?<![\d:-])(\d{{1,3}})[:-](\d{{1,3}})(?={_WON})"), _score, ":-"),
)
QUANTITIES: tuple[Rule, ...] = (
    Rule(re.compile(r"(?<=\d):(?=\d)"), lambda m: "比", ":"),
    Rule(re.compile(r"(?<=血压)([是为]?)(\d{2,3})/(?=\d)"), lambda m: f"{m[1]}{number(m[2])}比", "/"),
    Rule(re.compile(rf"{_MINUS}({NUMBER})(?:{TO}({NUMBER}))?\s?({any_of(TEMPERATURES)})(?![A-Za-z])"), _cold, "-"),
    Rule(re.compile(rf"(?<=度){_DASH}(?=零下)"), lambda m: "到", "-–—~～〜"),
    Rule(re.compile(rf"(?<![\d.,])([-+])?(?:({NUMBER})%?{TO})?({NUMBER})\s?([%‰])"), _percent, "%‰"),
    Rule(re.compile(r"([-+])(?=百分之|千分之)"), lambda m: "负" if m[1] == "-" else "正", "-+"),
    Rule(
        re.compile(
            rf"(?P<minus>{_MINUS})?(?P<sign>{_CURRENCY})\s?(?P<inner_minus>-)?"
            rf"(?:(?P<first>{NUMBER}){TO}(?:{_CURRENCY})?)?(?P<amount>{NUMBER}){_MAGNITUDE}(?:[美欧日]?元|英镑)?"
        ),
        _money,
        _CURRENCY_MARKS,
    ),
    Rule(re.compile(r"([\d,]{1,20})\.(\d\d)元"), lambda m: _yuan(m[1], m[2]), "元"),
    Rule(re.compile(rf"(?<=\d)\s?-\s?(?={NUMBER}\s?=)"), lambda m: "减", "="),
    Rule(re.compile(rf"({NUMBER})(百万|千万|[万亿萬億千]|){_DASH}(?=({NUMBER}))"), _span, "-–—~～〜"),
    Rule(re.compile(rf"(?<=\d)({_BEFORE_DASH}){_DASH}(?=-?\d)"), lambda m: f"{m[1]}到", "-–—~～〜"),
    Rule(re.compile(rf"(?<=[周期][一二三四五六日天]){_DASH}(?=周|星期)"), lambda m: "到", "-–—~～〜"),
    Rule(
        re.compile(rf"({_MINUS})?(?<![\d/.])(?:(\d{{1,6}})(?:\s|又))?(\d{{1,9}})/(\d{{1,9}})(?![\d/])"), _fraction, "/"
    ),
    Rule(re.compile(r"(\d{1,3})°\s?(\d{1,2})'(?:\s?(\d{1,2})\")?"), _angle, "°"),
    Rule(
        re.compile(rf"(?P<amount>{NUMBER}){_MAGNITUDE}\s?(?P<sign>{_CURRENCY})(?![A-Za-z\d])"), _money, _CURRENCY_MARKS
    ),
    Rule(_PER_HUNDRED, lambda m: f"每百公里{number(m[1])}升", "/"),
    Rule(re.compile(rf"({NUMBER})\s?({_UNIT})(?:/({_UNIT}))?(?![A-Za-z\d])"), _measure, _UNIT_MARKS),
    Rule(re.compile(r"(\d[万千百亿]?[一-龥]{1,3})/(?=[一-龥])"), lambda m: f"{m[1]}每", "/"),
    Rule(re.compile(rf"(?<=[A-Za-z{_NAMES_OF_MODELS}])-(?=\d)"), lambda m: "", "-"),
    Rule(re.compile(r"(?<=[a-zA-Z])([²³])"), lambda m: _POWERS[m[1]], "²³"),
    Rule(re.compile(rf"({NUMBER})(\^-?\d{{1,4}}|[²³])"), _power, "^²³"),
    Rule(re.compile(rf"{_MINUS}(?=[\d负])"), lambda m: "负", "-"),
    Rule(
        re.compile(r"(?<=[\d)方根号米a-zA-Z])\s?([×*÷=+≈≠<>≤≥±√])\s?(?=[\d(√负a-zA-Z])"),
        lambda m: _OPERATORS[m[1]],
        _OPERATOR_MARKS,
    ),
    Rule(re.compile(r"([<>≤≥±√≈])\s?(?=\d)"), lambda m: "约" if m[1] == "≈" else _OPERATORS[m[1]], _OPERATOR_MARKS),
    Rule(re.compile(r"(?<![\w)])\+(?=\d)"), lambda m: "正", "+"),
    Rule(re.compile(rf"(?<![\d.,第初A-Za-z])2(?={MEASURE_WORDS})"), lambda m: "两", "2"),
)

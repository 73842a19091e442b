"""Abbreviations, ranges, scores and signs in words."""

from __future__ import annotations

import re
from functools import lru_cache

from f5_pipeline.languages import number_words
from f5_pipeline.languages.language import Language
from f5_pipeline.languages.numbers import COMMA_NUMBER, number, pattern, value
from f5_pipeline.languages.times import HOUR


def abbreviations(text: str, rules: Language) -> str:
    """Abbreviations in full; one that ends the text, or a sentence, leaves its period."""
    if "." not in text and _without_period(rules).search(text) is None:
        return text
    return _abbreviation(rules).sub(lambda match: _in_full(match, rules), text)


@lru_cache(maxsize=200)
def _without_period(rules: Language) -> re.Pattern[str]:
    """A fast pattern of the abbreviations without a period: "Mme"."""
    shorts = [re.escape(short) for short in rules.words.in_full if "." not in short]
    return re.compile(rf"\b(?:{'|'.join(shorts) or '(?!)'})\b")


@lru_cache(maxsize=200)
def _abbreviation(rules: Language) -> re.Pattern[str]:
    """A pattern of all abbreviations, the longest first; the blanks in them may be missing."""
    endings = dict.fromkeys(rules.words.before_number, r"(?= ?\d| [IVXLC]{1,6}\b)")
    shorts = sorted(
        (*rules.words.abbreviations, *rules.words.before_number, *rules.words.closing), key=len, reverse=True
    )
    written = (re.escape(short).replace("\\ ", " ?") + endings.get(short, "") for short in shorts)
    return re.compile(rf"(?<![\w.@/])(?:{'|'.join(written) or '(?!)'})(?!\w)")


def _in_full(match: re.Match[str], rules: Language) -> str:
    written = match[0]
    rest = match.string[match.end() : match.end() + 3].lstrip("\"')")
    ends = written.endswith(".") and (not rest or (written in rules.words.closing and rest[1:2].isupper()))
    return rules.words.in_full[written.replace(" ", "")] + ("." if ends else "") + (" " if rest[:1].isalnum() else "")


_DASH = re.compile("[-–]|\\d[~～]")


def ranges(text: str, rules: Language) -> str:
    """ "10-20", "10%-20%", "10:00-12:00", the score "2-1"; applied before times, for "14-16 Uhr"."""
    if not rules.to or not _DASH.search(text):
        return text
    gap = " " if rules.spaces else ""
    times, numbers = _range(rules)
    text = times.sub(rf"\1{gap}{rules.to}{gap}", text)
    return numbers.sub(lambda match: _span(match, rules), text)


@lru_cache(maxsize=200)
def _range(rules: Language) -> tuple[re.Pattern[str], re.Pattern[str]]:
    mark = rf"\s?(?:{rules.hour_mark or '(?!)'})"
    times = rf"(?<=\d)(:[0-5]\d(?:{mark})?|{mark}(?:[0-5]\d)?)\s?[-–~～]\s?(?={HOUR}(?::[0-5]\d|{mark}))"
    plain_number, sign = pattern(rules), r"(\s?[%€°$£]|)"
    return re.compile(times), re.compile(
        rf"(?<![\w.,:/-])(?!0\d)({plain_number}){sign}\s?[-–~～]\s?(?!0\d)({plain_number})(?![\d/:-]|[.,]\d)"
    )


def _span(match: re.Match[str], rules: Language) -> str:
    gap = " " if rules.spaces else ""
    if value(match[1], rules) < value(match[3], rules):
        return f"{match[1]}{match[2]}{gap}{rules.to}{gap}{match[3]}"
    is_score = len(match[1]) <= 2 and len(match[3]) <= 2 and not match[2]
    return f"{match[1]}{gap}{rules.versus or rules.to}{gap}{match[3]}" if is_score else match[0]


def minus(text: str, rules: Language) -> str:
    """ "-5", "+5" and, between numbers, "3:2"."""
    gap = " " if rules.spaces else ""
    if ":" in text and (versus := rules.versus or rules.to):
        text = re.sub(r"(?<=\d):(?=\d)", f"{gap}{versus}{gap}", text)
    if "+" in text and (plus := rules.words.signs.get("+")):
        text = re.sub(r"\b(GMT|UTC)\+(?=\d)", rf"\1 {plus} ", text)
        text = re.sub(r"(?<![\w+)])\+(?=\d|[A-Z]{0,2}[$€£])", plus + gap, text)
    if "-" not in text or not (word := rules.minus or number_words.minus_word(rules.code)):
        return text
    if "=" in text:
        text = re.sub(r"(?<=\d) - (?=\d)", f" {word} ", text)
    text = re.sub(r"\b(GMT|UTC)-(?=\d)", rf"\1 {word} ", text)
    return re.sub(r"(?<![\w.,)\]-])-(?=\d|[A-Z]{0,2}[$€£])", word + gap, text)


def signs(text: str, rules: Language) -> str:
    """Mathematical and other signs in words: "+", "=", "×", "±", "&", "§"."""
    if not rules.words.signs or _ANY_SIGN.search(text) is None:
        return text
    return _SIGN.sub(lambda match: _sign(match, rules), text)


_ANY_SIGN = re.compile(r"[+=×÷<>≈≤≥±&§№°²³^]")
_SIGN = re.compile(
    r" ?(?:(?<=[\d ])[+=×÷<>≈≤≥](?=[ \d])|^[+≥≤<>](?=[ \d])|(?<=\w)[²³]|(?<=\d)\^(?=\d)"
    r"|±|&|§§?|№|°(?=\s|$)) ?"
)


def _sign(match: re.Match[str], rules: Language) -> str:
    sign = match[0].strip()
    word = rules.words.signs.get(sign)
    before, after = match.string[: match.start()], match.string[match.end() : match.end() + 1]
    return f"{' ' if before else ''}{word}{' ' if after.isalnum() else ''}" if word else match[0]


def points(text: str, rules: Language) -> str:
    """What is left between digits: the point of "2.3" where decimals have a comma, and a slash; "24/7" has no sign."""
    if rules.decimal_comma and "." in text and "." in rules.words.signs:
        text = _POINTS.sub(lambda match: _with_points(match[0], rules), text)
    if "/" in text and (word := rules.words.signs.get("/")):
        text = re.sub(r"\b24/7\b", "24 7", text)
        text = _slash(rules).sub(lambda match: f"{number(match[1], rules)} {word} {number(match[2], rules)}", text)
    return text


@lru_cache(maxsize=200)
def _slash(rules: Language) -> re.Pattern[str]:
    return re.compile(rf"({pattern(rules)}) ?/ ?({pattern(rules)})")


_POINTS = re.compile(r"(?<![\d.,])\d{1,9}(?:\.\d{1,9}){1,5}(?!\d|[.,]\d)")


def _with_points(written: str, rules: Language) -> str:
    if re.fullmatch(COMMA_NUMBER, written):
        return written
    return f" {rules.words.signs['.']} ".join(number(each, rules) for each in written.split("."))


def commas(text: str) -> str:
    """Where decimals have a comma: "1,2,3" is a list, "1,234,567" and "1,234.5" are numbers in English notation."""
    if "," in text:
        text = _ENGLISH.sub(lambda match: match[0].replace(",", "").replace(".", ","), text)
    return _COMMAS.sub(_separated, text) if text.count(",") > 1 else text


_ENGLISH = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3}){1,5}\.\d{1,9}(?![\d.,])")
_COMMAS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{1,3}){2,20}(?![\d,]|\.\d)")


def _separated(match: re.Match[str]) -> str:
    groups = match[0].split(",")
    return "".join(groups) if all(len(group) == 3 for group in groups[1:]) else ", ".join(groups)

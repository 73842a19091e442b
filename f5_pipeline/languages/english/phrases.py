"""English: phrases with a slash or another sign, and lone symbols. ``formulas`` has raised and lowered characters."""

from __future__ import annotations

import re

from f5_pipeline.languages.english.counting import text_before
from f5_pipeline.languages.english.rules import Rule
from f5_pipeline.languages.english.units import PER, UNITS, denominator
from f5_pipeline.languages.rules import any_of

_UNIT = any_of([symbol for symbol in UNITS if len(symbol) > 1 and symbol.isalpha()] + ["m", "g", "W"])
_PER_UNIT = any_of(
    ["s", "s²", "sec", "min", "h", "hr", "L", "l", "dL", "mL", "ml", "kg", "mol", "m²", "m³", "km²", "cm²"]
)
_KEYS = {"Ctrl": "Control", "Cmd": "Command", "Alt": "Alt", "Shift": "Shift"}
_PERIODS = any_of(word for word in PER if len(word) > 1)


def _hearts(match: re.Match[str]) -> str:
    return f"{'' if text_before(match) in ('', ' ') else ' '}love"


def _key(match: re.Match[str]) -> str:
    """ "Ctrl+S" is "Control plus S"."""
    return _KEYS[match[1]] + {"+": " plus ", "-": " "}.get(match[2], "")


def _stars(match: re.Match[str]) -> str:
    """ "5★" is "5 stars", "★★★" "three stars"."""
    number, signs = match[1], len(match[2].rstrip("☆") or match[2])  # "★★★★☆" is four of five
    if number:
        return f"{number} star{'' if number == '1' else 's'}"
    return f"{'' if text_before(match) in ('', ' ') else ' '}{signs} star{'' if signs == 1 else 's'}"


PHRASES: list[Rule] = [
    (("--",), r"(?<=\d)--(?=\d)", "–"),
    (("--",), r"(?:(?<=[\w.,!?;:])|(?<=[\w.,!?;:][\"']))-{2,4}\s?(?=[\w(]|[\"']\w)|(?<=\S) -{2,4} (?=\S)", " - "),
    (("/",), rf"(\d ?[A-Za-z%]{{0,5}})/({_PERIODS})\b", lambda match: f"{match[1]} per {PER[match[2]]}"),
    (("/",), r"\b((?i:step|part|page|slide|question|round|day|lesson|module|wave|lap)) (\d+)/(\d+)\b", r"\1 \2 of \3"),
    (("&",), r"\b([A-Z]{2,3})(?=&[A-Z]\b)", lambda match: " ".join(match[1])),  # "AT&T": not a stressed "at"
    (("aka", ".k."), r"\ba\.?k\.?a\.?(?=\s)", "also known as"),
    (("/o",), r"(?<!\w)w/o(?:ut)?\b", "without"),
    (("w/",), r"(?<!\w)w/(?=\s?\w)", "with "),
    (("/c",), r"(?<!\w)([Bb])/c\b", lambda match: "because" if match[1] == "b" else "Because"),
    (("/or",), r"\band/or\b", "and or"),
    (("/n", "/a", "/A"), r"\bn/a\b|\bN/A\b", "not applicable"),
    (("c/o",), r"\bc/o\b", "care of"),
    (("/7/365",), r"(?<![\d/])24/7/365(?![\d/])", "twenty-four seven, three sixty-five"),
    (("24/7",), r"(?<![\d/])24/7(?![\d/])", "twenty-four seven"),
    (("9/11",), r"(?<![\d/])9/11(?![\d/])", "nine eleven"),
    (("50/50", "50-50"), r"(?<![\d/-])50[/-]50(?![\d/-])", "fifty-fifty"),
    (("$",), r"(?<![\w$])\$(?=[A-Za-z\\{])([^$]{1,80})(?<!\s)\$(?![\w$])", r"\1"),  # TeX: "$x$"
    (("NO", "SO"), r"\b([NS])O(?=[2-4x]\b)", r"\1 O"),
    (("0x",), r"(?<!\w)0x([0-9A-Fa-f]{1,16})\b", lambda match: f"zero x {' '.join(match[1])}"),
    (("10^",), r"(?<=\d) ?[×x·*] ?(?=10\^)", " times "),
    (("^2", "^3"), r"\b(m|cm|km|mm|ft|in|s)\^([23])\b", lambda match: match[1] + "²³"[int(match[2]) - 2]),
    (
        ("(k)", "(b)", "(c)"),
        r"\b([45])0([13])\(([kbc])\)(?:\((\d)\))?",
        lambda match: f"{match[1]} oh {match[2]} {match[3]}" + (f" {match[4]}" if match[4] else ""),
    ),
    (
        ("/",),
        rf"(?<![\w/.])(?<!\d[ -])({_UNIT})/({_PER_UNIT})(?![\w/])",
        lambda match: f"{UNITS[match[1]][1]} per {denominator(match[2])}",
    ),
]
LIKE_PHRASE = re.compile(r"/|&|\$|\^|\(|--|aka\b|\.k\.|50-|0x|NO[2-4x]|SO[2-4x]")
SYMBOLS: list[Rule] = [
    (("&",), r"\s*&\s*", " and "),
    (("#",), r"\b([Pp]ress|[Dd]ial) #(?=\d)", r"\1 pound "),
    (("#", "№"), r"#(?=\d)|№\s?", "number "),
    (("++",), r"(?<=[A-Za-z])\+\+", " plus plus"),
    (("#",), r"\b([A-G])#", r"\1 sharp"),
    (("#",), r"(?<!\w)#(?=[A-Za-z])", "hashtag "),
    (("@",), r"(?<!\w)@(?=[A-Za-z])", "at "),
    (("+/-", "+-"), r"(?<![\w+])\+/?-\s?(?=\d)", "plus or minus "),
    (("Ctrl", "Cmd", "Alt", "Shift"), r"\b(Ctrl|Cmd|Alt|Shift)\b([+-](?=\w))?", _key),
    (("+",), r"(?<=[\w%])\+(?=\s|$|[.,!?)\"])", " plus"),
    (("+",), r"(?<=\w) \+ (?=\w)|(?<=\b[a-z\d]) \+(?=\d)", " plus "),
    (("= -",), r"(?<==) -(?=[a-z]\b)", " minus "),
    (("=",), r"(?<=[\w)]) = (?=-?\w)", " equals "),
    (("+",), r"(?<=\b[a-z\d])\+(?=[a-z\d]\b)", " plus "),
    (("=",), r"(?<=[\d)])=(?=-?[\d(])", " equals "),
    (("=",), r"(?<!\w)([A-Za-z])=(?=[A-Za-z\d])", r"\1 equals "),
    (("<",), r"(?<=\d) < (?=\w)|(?<=\b[a-z]) < (?=\w)|(?<=\w) < (?=\.?\d)|(?<=\w)<(?=\.?\d)", " is less than "),
    ((">",), r"(?<=\d) > (?=\w)|(?<=\b[a-z]) > (?=\w)|(?<=\w) > (?=\.?\d)|(?<=\w)>(?=\.?\d)", " is greater than "),
    (("<3",), r"\b(I|[Ww]e) <3(?= )", r"\1 love"),
    (("<",), r"(?<!\S)< ?(?=[\d$€£])(?![\d.]{1,9}>)", "less than "),
    ((">",), r"(?<!\S)> ?(?=[\d$€£])", "more than "),
    ((">", "→", "|"), r"(?<=\w) (?:>|→|\|) (?=\w)", ", "),  # a path through menus
    (("→",), r"(?<=\w)→(?=\w)", " to "),
    (("<=",), r"\s*<=\s*(?=[\w-])", " is at most "),
    ((">=",), r"\s*>=\s*(?=[\w-])", " is at least "),
    (("!=",), r"(?<=\w)\s*!=\s*(?=[\w-])", " is not equal to "),
    (("≤",), r"\s*≤\s*", " is at most "),
    (("≥",), r"\s*≥\s*", " is at least "),
    (("≠",), r"\s*≠\s*", " is not equal to "),
    (("√",), r"√\s?(?=\w)", "the square root of "),
    (("∛",), r"∛\s?(?=\w)", "the cube root of "),
    (("∑",), r"∑\s?", "the sum of "),
    (("∞",), r"∞", " infinity "),
    (("™", "®", "©"), r"[™®]|(?<=opyright )©\s?", ""),
    (("©",), r"©\s?", "copyright "),
    (("≈",), r"(?<=[\w)])\s?≈\s?(?=\w)", " is about "),
    (("≈", "~"), r"[≈~](?=[\d$€£])", "about "),
    (("*",), r"\b([Pp]ress|[Dd]ial|[Tt]he|then|or|and|by) \*(?![\w*])", r"\1 star"),
    (("#",), r"\b([Pp]ress|[Dd]ial|[Tt]he|then|or|and|by) #(?!\w)", r"\1 pound"),
    (("*",), r"\b([Pp]ress|[Dd]ial|[Ee]nter|then|or|and) \*(?=\d+(?![\d*]))", r"\1 star "),
    (("♯", "♭"), r"(?<=\b[A-G])([♯♭])", lambda match: " sharp" if match[1] == "♯" else " flat"),
    (("±",), r"±\s?", "plus or minus "),
    (("÷",), r"÷", " divided by "),
    (("§",), r"§\s?", "section "),
    (("¶",), r"¶\s?(?=\d)", "paragraph "),
    (("\\",), r"\s*\\\s*", " backslash "),
    (("@",), r"(?<=\s)@(?=\s)", "at"),
    (("@",), r"(?<=[\d%])@|(?<!\w)@(?=\d)", " at "),
    (("^", "**"), r"(?<=\w)\s?(?:\^|\*\*)\s?([23])(?![\d.]*\d)", lambda m: (" squared", " cubed")[m[1] == "3"]),
    (("^", "**"), r"(?<=\w)\s?(?:\^|\*\*)\s?(?=-?\d)", " to the power of "),
    (("*",), r"(?<=[\d)])(?:\*| \* )(?=[\d(])", " times "),
    (("*",), r"(?<=\b[a-z]) \* (?=[a-z]\b)", " times "),
    (("*", "`", "_"), r"[*`]+|(?<!\w)_+|_+(?!\w)", ""),
    (("_",), r"_", " "),
    (("♥", "♡", "❤"), r"[♥♡]|(?<=\w )❤(?= \w)", _hearts),
    (("★", "☆", "⭐"), r"(\d(?:[\d.]{0,3}\d)?)? ?([★☆⭐]+)", _stars),
    (("#",), r"(?<=[A-Za-z])#(?![\d#])", " hash "),
]
LIKE_SYMBOL = re.compile(r"[&#№+=<>|≈~±÷§¶@*`_^≤≥≠√∛∑∞→™®©\\♥❤♡★☆⭐]")

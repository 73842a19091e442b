"""English: hyphens and dashes between numbers: a range, a score, or parts of a name ("table 4-1")."""

from __future__ import annotations

import re

from f5_pipeline.languages.english.rules import Rule, after_digit

# Things with a number of two parts; their plurals ("tables 4-7") have ranges.
_TWO_PARTS = (
    "Table|table|Figure|figure|Mission|mission|World|Stage|Exhibit|Form|Section|section|Law|Problem|Exercise|Lab"
)
_TWO_PARTS += "|Example|Equation|equation|Level|Plate|Chart|Box|Apollo|Appendix"
_SCORES = re.compile(
    r"\b(?:scor|won|win|wins|lost|lose|beat|defeat|drew|draw|victor|lead|leads|led|ahead|trail|final|match|game"
    r"|half-?time|tie|tied|aggregate|record|vote|ruling|decision)",
    re.IGNORECASE,
)
_UNIT_STARTS = frozenset("kmcglh%°")
_GOALS = 20  # in a score; up to _POINTS in a game with many points
_POINTS = 200
_EVEN = 10


def _joint(match: re.Match[str]) -> str:
    """ "to" in a range or score; "dash" between numbers that are neither."""
    return match[1] + (" to " if match[2] != "-" or _is_span(match) else _apart(match))


def _is_span(match: re.Match[str]) -> bool:
    first, last = match[1], match[3].rstrip(",")
    low, high = (float(number.replace(",", "").rstrip(".") or 0) for number in (first, last))
    if match.string[match.end(3) : match.end(3) + 1] in _UNIT_STARTS:  # "1200-900kg"
        return True
    if low == high:
        return low < _EVEN  # "0-0", but "20-20"
    years = len(first) == 4 and len(last) == 2  # "1998-99"
    if low < high or len(first) == len(last) or years or (first.endswith("00") and last.endswith("00")):
        return True
    return low <= _GOALS or (low <= _POINTS and (high * 2 >= low or bool(_SCORES.search(match.string))))


def _apart(match: re.Match[str]) -> str:
    """Nothing in "50-50" and "24-7", else "dash"."""
    return " " if match[1] == match[3].rstrip(",") or match[0] + match[3].rstrip(",") == "24-7" else " dash "


RANGE_RULES: list[Rule] = [
    (after_digit("-"), r"\b(\d\d)-(\d\d)(?= (?:rule|split)\b)", r"\1 \2"),
    (after_digit("-"), r"(?<=\d)-(?=\d{1,2} (?:odds|shot|outsider|favou?rite)\b)", " to "),
    (after_digit("-"), rf"\b({_TWO_PARTS}) (\d{{1,3}})-(?=\d{{1,3}}\b(?![-/.]?\d))", r"\1 \2 dash "),
    (
        ("-", "–"),
        r"(?<![\d.,])(\d[\d,]{0,15}(?:\.\d{1,15})?)( ?– ?|-)(?=(\d[\d,]{0,15}(?:\.\d{1,15})?))",
        _joint,
    ),
    (("-", "–"), r"(?<=\d)(?:-| ?– ?)(?=\d)", " to "),
]

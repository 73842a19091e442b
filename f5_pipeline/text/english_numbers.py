"""English: everything written in digits, in words. The rules are applied in order.

Here: money, units, fractions, calculations, ordinals. ``english_dates`` has dates and times, ``english_codes`` numbers
read digit by digit, ``english_counting`` plain numbers, ``english_words`` the tables; ``english`` handles everything
without digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from f5_pipeline.text.english_codes import CODE_RULES
from f5_pipeline.text.english_counting import NUMBER, Rule, apart, cardinal, ordinal, plural, words, year
from f5_pipeline.text.english_dates import DECADE, SHORT_YEAR, date_rules
from f5_pipeline.text.english_words import CURRENCIES, MAGNITUDES, UNITS

_AFTER_ARTICLE = re.compile(r"\b[Aa]n? $")
_FRACTIONS = {2: ("half", "halves"), 4: ("quarter", "quarters")}


def _money(match: re.Match[str]) -> str:
    """ "$5.50", "-€3k", and ranges with one sign: "$5-10 million", "$1.50-2.50"."""
    currency, amount, end = match["before"] or match["after"], match["amount"], match["end"]
    if match["magnitude"]:
        spoken = f"{cardinal(end or amount)} {MAGNITUDES[match['magnitude']]} {CURRENCIES[currency][1]}"
    else:
        spoken = _amount(end or amount, currency)
    if end:
        cents = "." in amount + end and not match["magnitude"]
        spoken = f"{_amount(amount, currency) if cents else cardinal(amount)} to {spoken}"
    elif _AFTER_ARTICLE.search(match.string, 0, match.start()):  # "a $20 bill"
        one, many = CURRENCIES[currency][:2]
        spoken = spoken.removesuffix(many) + one if spoken.endswith(f" {many}") else spoken
    return ("minus " if match["minus"] else "") + spoken


def _amount(amount: str, currency: str) -> str:
    one, many, cent, cents = CURRENCIES[currency]
    whole, _, part = amount.replace(",", "").partition(".")
    if len(part) != 2 or not cent:
        return f"{cardinal(amount)} {one if amount == '1' else many}"
    spoken = [f"{cardinal(whole)} {one if int(whole) == 1 else many}"] if whole.strip("0") else []
    if int(part) or not spoken:
        spoken.append(f"{words(int(part))} {cent if int(part) == 1 else cents}")
    return " and ".join(spoken)


def _unit(match: re.Match[str]) -> str:
    """ "5 kg", "1/2 tsp", "1 1/2 miles"; the unit is singular after an article and a hyphen: "a 5-kg bag"."""
    one, many = UNITS[match[3]]
    if fraction := _FRACTION_OF_UNIT.fullmatch(match[1]):
        return f"{_fraction(fraction)} {many if fraction[1] or _is_improper(fraction) else one}"
    singular = match[1] == "1" or match[2] == "-" or _AFTER_ARTICLE.search(match.string, 0, match.start())
    return f"{cardinal(match[1])} {one if singular else many}"


def _inches(match: re.Match[str]) -> str:
    return f"{cardinal(match[1])} inch{'' if match[1] == '1' else 'es'}"


def _inch_mark(match: re.Match[str]) -> str:
    """ "a 12\" pizza", "it is 12\" wide"; a mark that closes a quotation stays."""
    if len(_QUOTE.findall(match.string, 0, match.start())) % 2:
        return match[0]
    fraction = _FRACTION_OF_UNIT.fullmatch(match[1])
    singular = match[1] == "1" or (fraction and not fraction[1]) or not _MEASURED.match(match.string, match.end())
    return f"{_fraction(fraction) if fraction else cardinal(match[1])} inch{'' if singular else 'es'}"


def _foot_mark(match: re.Match[str]) -> str:
    return (
        f"{cardinal(match[1])} {'feet' if _MEASURED.match(match.string, match.end()) and match[1] != '1' else 'foot'}"
    )


def _feet(match: re.Match[str]) -> str:
    return f"{words(int(match[1]))} foot {words(int(match[2]))}"


def _fraction(match: re.Match[str]) -> str:
    whole, top, bottom = match[1], int(match[2]), int(match[3])
    if _is_improper(match):
        return match[0]
    if bottom in (10, 100) and top > 1 and not whole and not match.string.startswith((" of a", " of the"), match.end()):
        return f"{words(top)} out of {words(bottom)}"
    one, many = _FRACTIONS.get(bottom, (ordinal(bottom), ordinal(bottom) + "s"))
    spoken = f"{'a' if whole and top == 1 else words(top)} {one if top == 1 else many}"
    return f"{cardinal(whole.strip())} and {spoken}" if whole else spoken


def _is_improper(match: re.Match[str]) -> bool:
    """True for a score, a date or the like rather than a fraction."""
    top, bottom = int(match[2]), int(match[3])
    return not (1 <= top < bottom and (bottom <= 10 or bottom in (12, 16, 20, 32, 64, 100)))


def _calculation(match: re.Match[str]) -> str:
    """ "What is 12 - 7?"; without spaces around the hyphen it may be a range."""
    return match[0].replace(" - ", " minus ").replace("×", "times").replace(" x ", " times ")


def _plural(match: re.Match[str]) -> str:
    """ "747s", "F-16s"; "100s" are "hundreds"."""
    spoken = plural(year(match[1]) if match[1].isdecimal() else cardinal(match[1]))
    if match[1].strip("0,") == "1":
        spoken = (
            spoken.removeprefix("one ")
            .replace("ten thous", "tens of thous")
            .replace("hundred thous", "hundreds of thous")
        )
    return apart(match, spoken)


def _magnitude(match: re.Match[str]) -> str:
    """ "50k followers"."""
    return f"{cardinal(match[1])} {MAGNITUDES[match[2]]}"


def _bare(match: re.Match[str]) -> str:
    """Any remaining number."""
    return apart(match, year(match[0]) if match[0].isdecimal() else cardinal(match[0]))


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_AMOUNT = (
    rf"(?P<amount>{NUMBER})(?: ?[-–] ?(?P<end>{NUMBER})(?![\d-]))?"
    rf"(?:\s?(?P<magnitude>{_any(MAGNITUDES)})(?![A-Za-z]))?"
)
_SIGN = rf"(?<![A-Za-z])(?:[A-Z]{{1,3}}(?=\$))??(?P<before>{_any(CURRENCIES)})"  # "XY$" is read as dollars
_MONEY_BEFORE = rf"(?P<minus>(?<![\w)])-)?{_SIGN}\s?{_AMOUNT}(?P<after>)"
_MONEY_AFTER = rf"(?<![\w.])(?P<minus>-)?{_AMOUNT}\s?(?P<before>)(?P<after>{_any(CURRENCIES)})(?![A-Za-z])"
_QUOTE = re.compile(r'(?<!\d)"')
_FRACTION_OF_UNIT = re.compile(r"(\d+ )?(\d{1,3})/(\d{1,3})")
_MEASURED = re.compile(
    r"(?:\.|,)?\s*(?:$|[.,;:!?)]|(?:wide|long|tall|high|deep|thick|apart|away|by|of|in|and|or|to|from)\b)"
)
# "5 min. walk": the full stop belongs to the unit if the sentence continues.
_MEASURE = rf"(?:\d{{1,3}} )?\d{{1,3}}/\d{{1,3}}|{NUMBER}"
_UNIT = rf"(?<![\w.,/])({_MEASURE})([ -]?)({_any(UNITS)})(?![\w²³/])(?:\.(?=\s?[a-z,;:)]|\s\d))?"
_LASTING = r"\b(?:after|every|for|takes|took|wait|waited|within|lasts|lasted)"  # "wait 5s", but "100s of people"

_SUM = r"-?\d[\d.]{0,15}(?: ?(?:plus|minus|times|[-+/]) ?-?\d[\d.]{0,15}){0,9}"

_RULES: list[Rule] = [
    (("s",), rf"({_LASTING} )(\d{{1,3}})s\b(?! of)", lambda match: f"{match[1]}{match[2]} seconds"),
    (("0s",), r"(?<=0s)[-–](?='?\d\d)", lambda match: " to "),
    DECADE,
    SHORT_YEAR,
    ((" equals", "="), rf"(?<=\d) ?- ?(?={_SUM} ?(?:=|equals))", lambda match: " minus "),
    (
        ("hat", "alculate", "valuate", "ompute"),
        r"\b(?:[Ww]hat(?: is|'s)|[Cc]alculate|[Ee]valuate|[Cc]ompute) [\d(][\d\s.()+×x*/÷-]{1,80}",
        _calculation,
    ),
    (
        ("×",),
        r"(?<=[\d)]) ?× ?(?=\()|(?<=\)) ?× ?|(?<=\d) ?× ?(?=\d[\d.,]* ?(?:=|equals|[×+]))",
        lambda match: " times ",
    ),
    (("/",), r"(?<![\d/.-])(\d{1,3})-(?=\d{1,2}/\d{1,3}(?![\d/]))", lambda match: f"{match[1]} "),
    (("%", "°", *"€£¥₹"), r"(?<=\d[%°€£¥₹])(?:-| ?– ?)(?=\d)|(?<=\d°[CF])(?:-| ?– ?)(?=\d)", lambda match: " to "),
    (
        ("k", "K", "m", "M", "b", "B"),
        rf"([$€£¥₹]{NUMBER})([kKmMbB])[-–]({NUMBER})\2\b",
        lambda match: f"{match[1]}-{match[3]}{match[2]}",
    ),
    (("$-", "€-", "£-"), r"([$€£])-(?=\d)", lambda match: f"-{match[1]}"),
    (("-", "–"), r"(?<=[\dkKmMBbn])(?:-| ?– ?)(?=[$€£¥₹]\d)", lambda match: " to "),
    (tuple(CURRENCIES), _MONEY_BEFORE, _money),
    (tuple(CURRENCIES), _MONEY_AFTER, _money),
    (("-", "–"), r"(?<=\d)(?:-| ?– ?)(?=\d)", lambda match: " to "),
    (("-",), r"(?<![\w.)])-(?=\.?\d)", lambda match: "minus "),
    (("'",), r"\b(\d)'\s?(\d{1,2})(?:\"|''|(?![\w']))", _feet),
    (('"',), rf"(?<![\w.,])({NUMBER})\" ?[x×] ?(?=\.?\d[\d.]{{0,6}}\")", lambda match: f"{cardinal(match[1])} by "),
    (('"',), r"(?<![\w.,/])((?:\d{1,3} )?\d{1,2}/\d{1,2}|\d{1,3}(?:\.\d{1,3})?)\"(?!\w)", _inch_mark),
    (
        ("'",),
        r"(?<![\w.,'])(\d{1,3})'(?= (?:tall|wide|long|high|deep|ladder|fence|ceiling|wall|board)s?\b)",
        _foot_mark,
    ),
    (
        ("x", "×"),
        rf"\b({NUMBER}) ?[x×] ?(?=\d+ ?(?:mg|g|kg|ml|mL|l|L|GB|TB)\b)",
        lambda match: f"{cardinal(match[1])} times ",
    ),
    (("k", "K", "M"), rf"(?<![\w.,])(?![248]K)({NUMBER})([kKM])(?= (?!run|race)[a-z]{{3}})", _magnitude),
    ((" in.",), rf"(?<![\w.,])({NUMBER}) in\.(?=\s[a-z])", _inches),
    (("s",), r"(?<![\d.,])(\d{1,3}(?:,\d{3})*|\d+)s\b", _plural),
    (("",), _UNIT, _unit),
    (("/",), r"(?<![\d/])(\d+ )?(\d{1,3})/(\d{1,3})(?![\d/])", _fraction),
    (
        ("st", "nd", "rd", "th", "ST", "ND", "RD", "TH"),
        r"\b(\d{1,3}(?:,\d{3})*|\d+)(?:st|nd|rd|th|ST|ND|RD|TH)\b",
        lambda match: ordinal(int(match[1].replace(",", ""))),
    ),
    (("'",), r"\b(\d{1,4})' ?[x×] ?(\d{1,4})'(?!\w)", lambda match: f"{match[1]} by {match[2]} feet"),
    (("x", "×"), rf"\b({NUMBER}) ?[x×] ?(?=\d)", lambda match: f"{cardinal(match[1])} by "),
    (
        ("x", "×"),
        rf"\b({NUMBER})[x×](?![A-Za-z]| (?:plus|minus|equals|is)\b)",
        lambda match: f"{cardinal(match[1])} times",
    ),
    (("x",), r"(?<!\w)x(?=\d+\b)", lambda match: "times "),
    (("×",), r"(?<=\w) ?× ?(?=\w)", lambda match: " times "),
    (("+",), r"(?<=\d) ?[+] ?(?=\d)", lambda match: " plus "),
    (("+",), r"(?<![\w)])\+(?=\d)", lambda match: "plus "),
    ((" / ",), r"(?<=\d) / (?=\d)", lambda match: " divided by "),
    (("=",), r"(?<=\d) ?= ?(?=\d)", lambda match: " equals "),
    ((":",), r"(?<=\d):(?=\d)", lambda match: " to "),
    (("/",), r"(?<=\d)/(?=\d)", lambda match: " slash "),
    ((",",), r"(?<=\d),(?=\d)(?!\d{3}\b)", lambda match: ", "),
    (("",), NUMBER, _bare),
]


def _compiled(rules: list[Rule]) -> list[tuple[tuple[str, ...], re.Pattern[str], Callable[[re.Match[str]], str]]]:
    return [(marks, re.compile(pattern), reading) for marks, pattern, reading in rules]


_AMERICAN, _BRITISH = (_compiled(date_rules(british) + CODE_RULES + _RULES) for british in (False, True))
_DIGIT = re.compile(r"\d")


def numbers_in_words(text: str, day_first: bool = False) -> str:
    """The English text with all digits in words. ``day_first``: 03/04/2024 is in April (British usage)."""
    if not _DIGIT.search(text):
        return text
    for marks, pattern, reading in _BRITISH if day_first else _AMERICAN:
        for mark in marks:
            if mark in text:
                text = pattern.sub(reading, text)
                break
    return text

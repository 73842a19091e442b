"""Russian cardinal numbers in words, in every gender and case.

A form is a gender, alone or with a case: "masculine", "feminine-accusative", "neuter-genitive". The cases are genitive,
dative, accusative, ablative (the instrumental) and locative (the prepositional).
"""

from __future__ import annotations

from functools import lru_cache

from f5_pipeline.languages.language import words

LONGEST = 15  # digits; a longer number is read digit by digit
_CASES = ("", "genitive", "dative", "ablative", "locative")
#: The words for 0, 2 to 20, the tens and the hundreds, in the order of the cases.
_DECLINED = {
    0: "ноль нуля нулю нулём нуле", 2: "два двух двум двумя двух", 3: "три трёх трём тремя трёх",
    4: "четыре четырёх четырём четырьмя четырёх", 8: "восемь восьми восьми восемью восьми",
    40: "сорок сорока сорока сорока сорока", 90: "девяносто девяноста девяноста девяноста девяноста",
    100: "сто ста ста ста ста", 200: "двести двухсот двумстам двумястами двухстах",
    300: "триста трёхсот трёмстам тремястами трёхстах",
    400: "четыреста четырёхсот четырёмстам четырьмястами четырёхстах",
    800: "восемьсот восьмисот восьмистам восемьюстами восьмистах",
}  # fmt: skip
_ONE = {
    "masculine": "один одного одному одним одном", "feminine": "одна одной одной одной одной",
    "neuter": "одно одного одному одним одном",
}  # fmt: skip
_SOFT = words("пять шесть семь девять десять одиннадцать двенадцать тринадцать четырнадцать пятнадцать шестнадцать")
_SOFT += words("семнадцать восемнадцать девятнадцать двадцать тридцать")  # declined like "пять"
_SOFT_VALUES = (5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 30)
#: Nouns of scales: after 1, after 2 to 4, after 5 in the nominative; then singular and plural of each other case.
_SCALES = (
    (10**12, "триллион"), (10**9, "миллиард"), (10**6, "миллион"), (1000, "тысяч"),
)  # fmt: skip
_SCALE_ENDINGS = {
    "тысяч": (("а", "и", ""), {"genitive": ("и", ""), "dative": ("е", "ам"), "ablative": ("ей", "ами"),
                               "locative": ("е", "ах")}),
    "": (("", "а", "ов"), {"genitive": ("а", "ов"), "dative": ("у", "ам"), "ablative": ("ом", "ами"),
                           "locative": ("е", "ах")}),
}  # fmt: skip


def _table() -> dict[tuple[int, str], str]:
    """(value, case) → the word, for the values that have a word of their own; 1 and the feminine 2 excepted."""
    table = {(value, case): word for value, row in _DECLINED.items() for case, word in _by_case(row)}
    for value, word in zip(_SOFT_VALUES, _SOFT, strict=True):
        stem = word.removesuffix("ь")
        row = f"{word} {stem}и {stem}и {stem}ью {stem}и"
        table |= {(value, case): each for case, each in _by_case(row)}
    for unit in (5, 6, 7, 8):
        genitive, ablative = table[unit, "genitive"], table[unit, "ablative"]
        row = f"{table[unit, '']}десят {genitive}десяти {genitive}десяти {ablative}десятью {genitive}десяти"
        table |= {(unit * 10, case): each for case, each in _by_case(row)}
    for unit in (5, 6, 7, 9):
        genitive, ablative = table[unit, "genitive"], table[unit, "ablative"]
        row = f"{table[unit, '']}сот {genitive}сот {genitive}стам {ablative}стами {genitive}стах"
        table |= {(unit * 100, case): each for case, each in _by_case(row)}
    return table


def _by_case(row: str) -> list[tuple[str, str]]:
    return list(zip(_CASES, row.split(), strict=True))


_WORDS = _table()
_ONES = {(gender, case): word for gender, row in _ONE.items() for case, word in _by_case(row)}
_ONES["feminine", "accusative"] = "одну"


@lru_cache(maxsize=50_000)
def cardinal(value: int, form: str = "masculine") -> str:
    """How many, in a form; 1000 is тысяча. A number with more than ``LONGEST`` digits is read digit by digit."""
    if value >= 10**LONGEST:
        return " ".join(cardinal(int(digit)) for digit in str(value))
    gender, _, case = form.partition("-")
    if not value:
        return _WORDS[0, _plain(case)]
    parts: list[str] = []
    rest = value
    for scale, noun in _SCALES:
        count, rest = divmod(rest, scale)
        if count:
            parts += _scaled(count, noun, case, is_first=not parts)
    return " ".join([*parts, *_below_1000(rest, gender or "masculine", case)])


def _plain(case: str) -> str:
    return "" if case == "accusative" else case


def _scaled(count: int, noun: str, case: str, is_first: bool) -> list[str]:
    """ "две тысячи"; a single thousand at the beginning has no "одна"."""
    nominative, oblique = _SCALE_ENDINGS[noun if noun == "тысяч" else ""]
    is_one = count % 10 == 1 and count % 100 != 11
    if case == "accusative" and is_one and noun == "тысяч":
        ending = "у"
    elif endings := oblique.get(case):
        ending = endings[0 if is_one else 1]
    else:
        is_few = count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14)
        ending = nominative[0 if is_one else 1 if is_few else 2]
    spoken = [] if count == 1 and noun == "тысяч" and is_first else _below_1000(count, _gender(noun), case)
    return [*spoken, noun + ending]


def _gender(noun: str) -> str:
    return "feminine" if noun == "тысяч" else "masculine"


def _below_1000(value: int, gender: str, case: str) -> list[str]:
    last = value % 100 if value % 100 <= 20 else value % 10
    parts = [_WORDS[part, _plain(case)] for part in (value // 100 * 100, value % 100 - last) if part]
    if last == 1:
        parts.append(_ONES[gender, case] if (gender, case) in _ONES else _ONES[gender, _plain(case)])
    elif last == 2 and gender == "feminine" and not _plain(case):
        parts.append("две")
    elif last:
        parts.append(_WORDS[last, _plain(case)])
    return parts

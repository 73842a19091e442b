"""Languages other than English: each language's words and number formats. ``languages`` has the rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from num2words import num2words

Ordinal = Callable[[int, str], str]  # (number, suffix written after it) → the words


@dataclass(frozen=True, eq=False)  # compared by identity, as a key of caches
class Language:
    """How a language writes and reads numbers, dates, times and money. An empty word leaves the sign as it is."""

    percent: str = "%"
    decimal_comma: bool = True
    months: tuple[str, ...] = ()  # in the form used after the day
    day: Callable[[int, str], str] | None = None  # (day of the month, word before it) → the words
    year: Callable[[int], str] | None = None  # of a date; None: a cardinal number
    between: str = " "  # between day, month and year
    bare_years: bool = False  # 1100–1999 without a date are read as years
    minus: str = ""
    comma: str = ""  # the decimal comma; "": num2words's word
    to: str = ""  # between the ends of a range
    versus: str = ""  # between the numbers of a score; "": as a range
    hour_mark: str = ""  # after or inside a time of day (French "10h30")
    full_hour: str = "{h}"  # {s}: "s" unless the hour is 1
    hour_and_minutes: str = "{h} {m}"
    zero_minutes: bool = False  # 10:05 is "ten zero five"
    hours: Mapping[int, str] = field(default_factory=dict)  # hours that differ from the number's word
    ones: tuple[tuple[str, str], ...] = ()  # (pattern of nouns, the word for 1 before them)
    ordinals: tuple[tuple[str, Ordinal], ...] = ()  # (pattern of the suffix, its reading)
    ordinal_after: str = ""  # pattern of words after which "3." is an ordinal
    attached: str = ""  # pattern of suffixes that follow a number without a space ("80er")
    currencies: Mapping[str, str] = field(default_factory=dict)  # those that num2words lacks
    spaces: bool = True  # words are separated by spaces


_AFTER_WEAK_ARTICLE = ("am", "dem", "den", "vom", "zum", "beim", "bis", "seit", "ab", "im")  # German: "am fünften"


def say(number: float, language: str, to: str = "cardinal", **options: str) -> str:
    """A number in words; ``to`` and ``options`` are num2words's."""
    return num2words(number, lang=language, to=to, **options)


def _german_day(day: int, before: str) -> str:
    ordinal = say(day, "de", "ordinal")
    if before.lower() in _AFTER_WEAK_ARTICLE:
        return ordinal + "n"
    return ordinal if before.lower() in ("der", "die", "das") else ordinal + "r"


def _french_ordinal(number: int, suffix: str) -> str:
    if number == 1:
        return "première" if suffix in ("re", "ère") else "premier"
    return {"nd": "second", "nde": "seconde"}.get(suffix) or say(number, "fr", "ordinal")


def _feminine(language: str) -> Ordinal:
    return lambda number, _: re.sub(r"o\b", "a", say(number, language, "ordinal"))


def _masculine(language: str) -> Ordinal:
    return lambda number, _: say(number, language, "ordinal")


def _russian_ordinal(number: int, suffix: str) -> str:
    case, gender = {"я": ("n", "f"), "е": ("n", "n"), "го": ("g", "m")}.get(suffix, ("n", "m"))
    return say(number, "ru", "ordinal", case=case, gender=gender)


def _russian_year(year: int) -> str:
    return say(year, "ru", "ordinal", case="g", gender="m") + " года"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NORDIC = {"EUR": " euro", "USD": " dollar", "GBP": " pund"}
LANGUAGES = {
    "de": Language(
        "Prozent",
        months=_words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        day=_german_day,
        year=lambda year: say(year, "de", "year"),
        bare_years=True,
        minus="minus",
        to="bis",
        versus="zu",
        hour_mark="Uhr",
        full_hour="{h} Uhr",
        hour_and_minutes="{h} Uhr {m}",
        hours={1: "ein"},
        ones=(
            (
                "Euro|Dollar|Cent|Prozent|Grad|Gramm|Kilo\\w*|Meter|Zentimeter|Liter|Tag|Monat|Jahr|Punkt|Mal|Uhr",
                "ein ",
            ),
            ("Sekunde|Minute|Stunde|Woche|Nacht|Million|Milliarde|Person|Seite|Tonne", "eine "),
        ),
        ordinal_after="am|dem|den|vom|zum|beim|im|der|die|das",
        attached=r"er[ns]?\b|mal\b|fach|jährig|stündig|tägig|köpfig|teilig|prozentig|seitig",
    ),
    "fr": Language(
        "pour cent",
        months=_words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        day=lambda day, _: "premier" if day == 1 else say(day, "fr"),
        minus="moins",
        to="à",
        hour_mark="h",
        full_hour="{h} heure{s}",
        hour_and_minutes="{h} heure{s} {m}",
        hours={1: "une", 21: "vingt et une"},
        ones=(("heure|minute|seconde|semaine|nuit|fois|personne|année|page|tonne|livre", "une "),),
        ordinals=(("(er|re|ère|ème|ième|e|è|nde?)s?", _french_ordinal),),
    ),
    "es": Language(
        "por ciento",
        months=_words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        day=lambda day, _: say(day, "es"),
        between=" de ",
        minus="menos",
        comma="coma",
        to="a",
        hour_mark="h",
        full_hour="{h} hora{s}",
        hour_and_minutes="{h} y {m}",
        hours={1: "una", 21: "veintiuna"},
        ones=(
            ("euro|dólar|céntimo|gramo|kilo\\w*|kilómetro|metro|litro|día|mes|año|minuto|segundo|punto|millón", "un "),
            ("hora|semana|noche|vez|persona|página|libra|tonelada", "una "),
        ),
        ordinals=(
            (
                r"\.?(º|er)",
                lambda number, end: (
                    {1: "primer", 3: "tercer"}.get(number if end == "er" else 0) or _masculine("es")(number, end)
                ),
            ),
            (r"\.?(ª)", _feminine("es")),
        ),
    ),
    "it": Language(
        "per cento",
        months=_words("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
        day=lambda day, _: "primo" if day == 1 else say(day, "it"),
        minus="meno",
        to="a",
        hour_and_minutes="{h} e {m}",
        hours={1: "una"},
        ones=(
            (
                "euro|dollaro|centesimo|grammo|chilo\\w*|metro|litro|giorno|mese|anno|minuto|secondo|punto|milione",
                "un ",
            ),
            ("settimana|notte|volta|persona|pagina|tonnellata", "una "),
            ("ora", "un'"),
        ),
        ordinals=(("(º)", _masculine("it")), ("(ª)", _feminine("it"))),
    ),
    "ru": Language(
        "процентов",
        months=_words("января февраля марта апреля мая июня июля августа сентября октября ноября декабря"),
        day=lambda day, _: say(day, "ru", "ordinal", case="g", gender="n"),
        year=_russian_year,
        minus="минус",
        full_hour="{h} ноль ноль",
        zero_minutes=True,
        ones=(("минута|секунда|неделя|тысяча|страница|копейка", "одна "),),
        ordinals=(("-(й|я|е|го)", _russian_ordinal),),
    ),
    "fi": Language(
        "prosenttia",
        months=tuple(
            f"{month}kuuta" for month in _words("tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu")
        ),
        day=lambda day, _: say(day, "fi", "ordinal"),
        minus="miinus",
    ),
    "lv": Language("procenti", minus="mīnus", to="līdz"),
    "pt": Language(
        "por cento",
        minus="menos",
        to="a",
        hour_mark="h",
        full_hour="{h} hora{s}",
        hour_and_minutes="{h} e {m}",
        hours={1: "uma", 2: "duas", 21: "vinte e uma", 22: "vinte e duas"},
        ones=(("hora|semana|noite|vez|pessoa|página|libra|tonelada", "uma "),),
        ordinals=(("(º)", _masculine("pt")), ("(ª)", _feminine("pt"))),
    ),
    "nl": Language(
        "procent",
        minus="min",
        to="tot",
        hour_mark="uur",
        full_hour="{h} uur",
        hour_and_minutes="{h} uur {m}",
        ordinals=(("(e|ste|de)", _masculine("nl")),),
    ),
    "pl": Language("procent", minus="minus", to="do"),
    "sv": Language("procent", minus="minus", to="till", currencies=_NORDIC),
    "ja": Language(
        "パーセント",
        decimal_comma=False,
        minus="マイナス",
        to="から",
        versus="対",
        full_hour="{h}時",
        hour_and_minutes="{h}時{m}分",
        currencies={"EUR": "ユーロ", "USD": "ドル", "GBP": "ポンド", "JPY": "円"},
        spaces=False,
    ),
    "hi": Language("प्रतिशत", decimal_comma=False),
    "cs": Language("procent", minus="mínus", to="až"),
    "da": Language("procent", minus="minus", to="til", currencies=_NORDIC),
    "hu": Language("százalék", minus="mínusz"),
    "no": Language("prosent", minus="minus", to="til", currencies=_NORDIC),
    "tr": Language(
        "yüzde",
        minus="eksi",
        comma="virgül",
        currencies={"EUR": " euro", "USD": " dolar", "GBP": " sterlin"},
    ),
    "uk": Language("відсотків", minus="мінус"),
    "ko": Language(decimal_comma=False, spaces=False),
    "th": Language(decimal_comma=False, spaces=False),
}

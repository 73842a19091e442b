"""Symbols of units and currencies in words: names and plural forms of Unicode CLDR, through Babel.

A name comes as a pattern such as "{0} kilometres an hour": some languages put words before the number.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel import Locale

    from f5_pipeline.languages.language import Language, Names

# Written symbol → CLDR's name of the unit. Symbols of one letter are read only directly after a number.
_UNITS = {
    "km": "length-kilometer", "m": "length-meter", "dm": "length-decimeter", "cm": "length-centimeter",
    "mm": "length-millimeter", "µm": "length-micrometer", "μm": "length-micrometer", "nm": "length-nanometer",
    "ft": "length-foot", "yd": "length-yard",
    "km²": "area-square-kilometer", "km2": "area-square-kilometer", "m²": "area-square-meter",
    "m2": "area-square-meter", "cm²": "area-square-centimeter", "cm2": "area-square-centimeter",
    "ha": "area-hectare", "km³": "volume-cubic-kilometer", "m³": "volume-cubic-meter", "m3": "volume-cubic-meter",
    "cm³": "volume-cubic-centimeter", "cm3": "volume-cubic-centimeter",
    "l": "volume-liter", "L": "volume-liter", "dl": "volume-deciliter", "cl": "volume-centiliter",
    "ml": "volume-milliliter", "mL": "volume-milliliter", "hl": "volume-hectoliter",
    "t": "mass-tonne", "kg": "mass-kilogram", "g": "mass-gram", "mg": "mass-milligram", "µg": "mass-microgram",
    "lb": "mass-pound", "oz": "mass-ounce",
    "d": "duration-day", "h": "duration-hour", "min": "duration-minute", "s": "duration-second",
    "sec": "duration-second", "ms": "duration-millisecond",
    "km/h": "speed-kilometer-per-hour", "m/s": "speed-meter-per-second", "mph": "speed-mile-per-hour",
    "kph": "speed-kilometer-per-hour",
    "°C": "temperature-celsius", "° C": "temperature-celsius", "°c": "temperature-celsius",
    "℃": "temperature-celsius", "°F": "temperature-fahrenheit",
    "° F": "temperature-fahrenheit",
    "°": "angle-degree",
    "kWh": "energy-kilowatt-hour", "kwh": "energy-kilowatt-hour", "J": "energy-joule", "kJ": "energy-kilojoule",
    "cal": "energy-calorie", "kcal": "energy-kilocalorie", "W": "power-watt", "kW": "power-kilowatt",
    "MW": "power-megawatt", "GW": "power-gigawatt", "V": "electric-volt", "A": "electric-ampere",
    "mA": "electric-milliampere", "Ω": "electric-ohm", "N": "force-newton",
    "Hz": "frequency-hertz", "kHz": "frequency-kilohertz", "MHz": "frequency-megahertz", "GHz": "frequency-gigahertz",
    "bit": "digital-bit", "kB": "digital-kilobyte", "KB": "digital-kilobyte", "MB": "digital-megabyte",
    "GB": "digital-gigabyte", "TB": "digital-terabyte", "PB": "digital-petabyte",
    "Mbit": "digital-megabit", "Gbit": "digital-gigabit",
    "hPa": "pressure-hectopascal", "Pa": "pressure-pascal", "kPa": "pressure-kilopascal", "bar": "pressure-bar",
    "%": "concentr-percent", "‰": "concentr-permille", "px": "graphics-pixel", "MP": "graphics-megapixel",
}  # fmt: skip
CURRENCY_SIGNS = {
    "€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "￥": "JPY", "₽": "RUB", "₹": "INR", "₩": "KRW", "₺": "TRY",
    "₴": "UAH", "₪": "ILS", "₫": "VND", "₱": "PHP", "₡": "CRC", "฿": "THB", "R$": "BRL", "US$": "USD", "zł": "PLN",
    "Kč": "CZK", "kr": "SEK", "₸": "KZT", "₾": "GEL", "₦": "NGN",
}  # fmt: skip
CURRENCY_CODES = [
    "EUR", "USD", "GBP", "JPY", "CHF", "CAD", "AUD", "NZD", "CNY", "HKD", "SGD", "INR", "RUB", "KRW", "SEK",
    "NOK", "DKK", "ISK", "PLN", "CZK", "HUF", "RON", "BGN", "UAH", "TRY", "ILS", "AED", "SAR", "EGP", "ZAR",
    "THB", "VND", "PHP", "IDR", "MYR", "BRL", "MXN", "ARS", "CLP", "COP", "PEN", "UYU", "CRC", "DOP", "BOB",
    "VES", "HNL", "NIO", "PAB", "GTQ", "TTD", "AWG",
]  # fmt: skip
# Currencies of other countries with the same noun: what all names have in common is how the sign is read.
_NAMESAKES = {"USD": ("USD", "CAD", "AUD"), "GBP": ("GBP", "EGP", "LBP"), "SEK": ("SEK", "NOK", "DKK"),
              "INR": ("INR", "PKR", "LKR"), "KRW": ("KRW", "KPW"), "CRC": ("CRC", "SVC")}  # fmt: skip


@lru_cache(maxsize=200)
def locale(language: str) -> Locale | None:
    """Babel's data of a language, by its code with region, else without; None if CLDR does not have it."""
    from babel import Locale, UnknownLocaleError

    for code in (language, language.partition("-")[0]):
        try:
            return Locale.parse(code, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return None


@lru_cache(maxsize=200)
def _units(rules: Language) -> dict[str, str]:
    """Written symbol → CLDR's name of the unit; also the language's own symbols in other than Latin letters: "км"."""
    from babel.units import format_unit

    if (place := locale(rules.code)) is None:
        return _UNITS
    written = {unit: format_unit(5, unit, "short", locale=place) for unit in _UNITS.values()}
    own = {text.replace("5", "").strip("\xa0 "): unit for unit, text in written.items()}
    return {symbol: unit for symbol, unit in own.items() if _is_other_script(symbol)} | _UNITS


def _is_other_script(symbol: str) -> bool:
    """False for capitals alone, which are also words."""
    return symbol[:1] > "\u036f" and symbol[0].isalpha() and (len(symbol) > 1 or symbol.islower())


@lru_cache(maxsize=200)
def symbols(rules: Language) -> str:
    """A pattern of all symbols of units, the longest first."""
    names = _units(rules)
    lone_capital = dict.fromkeys("AJNVW", r"(?! \w|\.)")  # also the first word of the next sentence
    return "|".join(re.escape(each) + lone_capital.get(each, "") for each in sorted(names, key=len, reverse=True))


@lru_cache(maxsize=10_000)
def unit_pattern(symbol: str, amount: Decimal, rules: Language) -> str | None:
    """ "{0} Kilometer" for "km"; None if the language has no name for the unit.

    A quotient that CLDR does not name ("g/m²") is made of its parts.
    """
    amount = _plural(amount, rules)
    if (own := rules.units.get(symbol)) is not None:
        return named(own, amount, rules) if own else None
    numerator, slash, denominator = symbol.partition("/")
    units = _units(rules)
    if symbol in units:
        return _pattern(units[symbol], amount, rules)
    if numerator in units and denominator in units and symbol != "m/h":  # Babel takes m/h for km/h
        return _pattern(units[numerator], amount, rules, units[denominator])
    if slash and (per := per_unit(denominator, rules)) and (counted := unit_pattern(numerator, amount, rules)):
        return f"{counted} {per}"
    return None


@lru_cache(maxsize=1_000)
def per_unit(symbol: str, rules: Language) -> str | None:
    """ "pro Kilogramm" for "kg", "pro 100 Kilometer" for "100 km"; None if the language has no name for the unit."""
    number, _, unit = symbol.rpartition(" ")
    if unit not in _units(rules):
        return None
    pattern = _pattern("mass-gram", Decimal(1), rules, _units(rules)[unit], Decimal(number or 1))
    alone = _pattern("mass-gram", Decimal(1), rules)
    return pattern.removeprefix(alone).strip() if pattern and alone and pattern.startswith(alone) else None


def _pattern(
    unit: str, amount: Decimal, rules: Language, per: str = "", per_amount: Decimal = Decimal(1)
) -> str | None:
    from babel.numbers import format_decimal
    from babel.units import format_compound_unit, format_unit

    if (place := locale(rules.code)) is None:
        return None
    if per:
        written = format_compound_unit(amount, unit, per_amount, per, locale=place) or ""
    else:
        written = format_unit(amount, unit, locale=place)
    pattern = written.replace(format_decimal(amount, locale=place), "{0}", 1).replace("\xa0", " ").replace("/", " ")
    named = "{0}" in pattern and unit not in pattern and (not per or per not in pattern)
    return pattern if named else None


def _plural(amount: Decimal, rules: Language) -> Decimal:
    """An amount with the plural form of ``amount`` that Babel can format: Decimal's precision is 28 digits."""
    if rules.zero_is_plural and not amount:
        return Decimal(2)
    return Decimal(10**12) if amount > 10**12 else amount


def named(names: Names, amount: Decimal, rules: Language) -> str:
    """The pattern of the name that CLDR's plural rules ask for; fractions are as "few" if they have no own."""
    place = locale(rules.code)
    category = place.plural_form(amount) if place else "one" if amount == 1 else "other"
    is_few = category == "few" or amount % 1 != 0
    name = (
        names[3]
        if len(names) > 3 and amount % 1
        else names[0 if category == "one" else 1 if is_few and len(names) > 2 else min(2, len(names) - 1)]
    )
    return name if "{0}" in name else "{0} " + name


@lru_cache(maxsize=10_000)
def currency_pattern(sign: str, amount: Decimal, rules: Language) -> str | None:
    """ "{0} Dollar" for "$", "{0} US-Dollar" for "USD"; None if the language has no name for the currency."""
    amount = _plural(amount, rules)
    code = CURRENCY_SIGNS.get(sign, sign)
    if own := rules.currencies.get(sign) or rules.currencies.get(code):
        return named(own, amount, rules)
    if (name := _name(code, amount, rules)) is None:
        return None
    if sign in CURRENCY_SIGNS and sign != "US$":
        name = _noun(code, name, amount, rules)
    return "{0} " + name


def _name(code: str, amount: Decimal, rules: Language) -> str | None:
    from babel.numbers import get_currency_name

    if (place := locale(rules.code)) is None:
        return None
    name = get_currency_name(code, count=amount, locale=place)
    if name == code:
        return None
    return name.lower() if rules.code.startswith("pt") else name  # Portuguese alone capitalises its nouns in CLDR


def _noun(code: str, name: str, amount: Decimal, rules: Language) -> str:
    """The name of a currency without its country: "dollar", not "US dollar"."""
    dollars = [(_name(each, amount, rules) or "").split() for each in ("CAD", "AUD")]
    noun_first = dollars[0][:1] == dollars[1][:1] != []
    if code in _NAMESAKES:
        names = [re.split(r"[ -]", _name(each, amount, rules) or "") for each in _NAMESAKES[code]]
        common = [word for word in names[0] if all(word in other for other in names)]
        return " ".join(common) or name
    parts = name.split()
    return parts[0 if noun_first else -1] if len(parts) > 1 else name

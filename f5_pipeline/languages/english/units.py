"""English: units of measurement: their names, units per unit ("mL/kg/h"), angles, feet and inches."""

from __future__ import annotations

import re

from f5_pipeline.languages.english.counting import NUMBER, cardinal, words
from f5_pipeline.languages.english.fractions import FRACTION, fraction_in_words, is_improper
from f5_pipeline.languages.english.rules import Rule
from f5_pipeline.languages.rules import any_of

_PREFIXES = {
    "n": "nano", "µ": "micro", "μ": "micro", "m": "milli", "c": "centi", "d": "deci", "h": "hecto", "k": "kilo",
    "M": "mega", "G": "giga", "T": "tera", "P": "peta", "K": "kilo",
}  # fmt: skip
_METRIC = {  # symbol: name, its usual prefixes; without a prefix only those of ``_NAMES``
    "m": ("meter", "nµμmck"), "g": ("gram", "nµμmk"), "L": ("liter", "µμmcd"), "l": ("liter", "µμmcd"),
    "s": ("second", "nµμm"), "W": ("watt", "mkMGT"), "Wh": ("watt hour", "kMGT"), "V": ("volt", "mkM"),
    "A": ("amp", "mk"), "Ah": ("amp hour", "m"), "Pa": ("pascal", "hkMG"), "J": ("joule", "kMG"), "N": ("newton", "k"),
    "B": ("byte", "kKMGTP"), "bit": ("bit", "kMG"), "bps": ("bit per second", "kMG"), "eV": ("electronvolt", "kMG"),
    "cal": ("calorie", "k"), "mol": ("mole", "µμmk"), "bar": ("bar", "m"), "F": ("farad", "nµμ"), "Ω": ("ohm", "kM"),
    "Sv": ("sievert", "µμm"), "Gy": ("gray", "m"),
}  # fmt: skip
_NAMES = {
    "m": "meter", "g": "gram", "L": "liter", "l": "liter", "s": "second", "W": "watt", "Wh": "watt hour", "V": "volt",
    "Pa": "pascal", "eV": "electronvolt", "cal": "calorie", "mol": "mole", "bar": "bar", "Ω": "ohm", "Å": "angstrom",
    "bps": "bit per second", "kph": "kilometer per hour", "mph": "mile per hour", "mpg": "mile per gallon",
    "fps": "frame per second", "rpm": "revolution per minute", "bpm": "beat per minute", "mi": "mile", "yd": "yard",
    "tsp": "teaspoon", "tbsp": "tablespoon", "pts": "point", "lb": "pound", "lbs": "pound", "oz": "ounce",
    "fl oz": "fluid ounce", "gal": "gallon", "qt": "quart", "sec": "second", "secs": "second", "min": "minute",
    "mins": "minute", "h": "hour", "hr": "hour", "hrs": "hour", "wk": "week", "wks": "week", "yr": "year",
    "yrs": "year",
    "mos": "month", "dB": "decibel", "t": "ton", "ha": "hectare", "nmi": "nautical mile", "kn": "knot", "kt": "knot",
    "kts": "knot", "yds": "yard", "kgs": "kilogram", "kms": "kilometer", "ppm": "part per million",
    "ppb": "part per billion", "dpi": "dot per inch", "sq mi": "square mile", "sq m": "square meter",
    "sq km": "square kilometer", "sq yd": "square yard", "cu m": "cubic meter", "cu yd": "cubic yard",
    "atm": "atmosphere",
    "°C": "degree Celsius", "°F": "degree Fahrenheit", "°": "degree", "mmHg": "millimeter of mercury",
    "kΩ": "kilohm", "MΩ": "megohm", "KiB": "kibibyte", "MiB": "mebibyte", "GiB": "gibibyte",
    "TiB": "tebibyte", "kbps": "kilobit per second",
    "IU": "international unit", "mcg": "microgram", "mEq": "milliequivalent", "J/K": "joule per kelvin",
    "J/kg": "joule per kilogram", "N/m": "newton per meter", "lm": "lumen", "bbl": "barrel",
    "Nm": "newton meter", "N·m": "newton meter",
    "kb/s": "kilobit per second",
    "Mb/s": "megabit per second", "Gb/s": "gigabit per second",
}  # fmt: skip
_UNINFLECTED = {
    "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz", "THz": "terahertz", "cc": "cc",
    "hp": "horsepower", "dmg": "damage", "psi": "PSI", "%": "percent", "pct": "percent", "‰": "per mille", "lx": "lux",
}  # fmt: skip
_FEET = {
    "ft": ("foot", "feet"), "sq ft": ("square foot", "square feet"), "cu ft": ("cubic foot", "cubic feet"),
    "ft-lb": ("foot pound", "foot pounds"), "ft·lb": ("foot pound", "foot pounds"),
    "lb-ft": ("pound foot", "pound feet"), "lb·ft": ("pound foot", "pound feet"),
    "sq in": ("square inch", "square inches"),
    "cu in": ("cubic inch", "cubic inches"), "in²": ("square inch", "square inches"),
}  # fmt: skip
_LENGTHS = ("m", "km", "cm", "mm", "ft", "mi", "yd")  # with a square or cube
_ANY_CASE = (  # also written in capitals or small letters: "12KG", "3 mbps"
    *(
        "kg",
        "km",
        "cm",
        "ml",
        "mph",
        "kph",
        "lb",
        "lbs",
        "oz",
        "ft",
        "kHz",
        "MHz",
        "GHz",
        "Hz",
        "kW",
        "kWh",
        "GB",
        "MB",
    ),
    *("TB", "kB", "Mbps", "Gbps", "rpm", "psi", "dB"),
)
PER = {"hr": "hour", "mo": "month", "wk": "week", "yr": "year", "d": "day", "sq ft": "square foot"}
PER |= {word: word for word in ("second", "minute", "hour", "day", "night", "week", "month", "year", "person", "mile")}


def _plural(name: str) -> str:
    """ "revolutions per minute", "degrees Celsius", "millimeters of mercury", "square meters"."""
    head = re.split(" per | of | Celsius| Fahrenheit", name)[0]
    return f"{head}s{name.removeprefix(head)}"


def _table() -> dict[str, tuple[str, str]]:
    """Symbol: singular, plural."""
    names = {
        prefix + symbol: _PREFIXES[prefix] + name for symbol, (name, prefixes) in _METRIC.items() for prefix in prefixes
    }
    units = {symbol: (name, _plural(name)) for symbol, name in (names | _NAMES).items()}
    units |= {symbol: (name, name) for symbol, name in _UNINFLECTED.items()} | _FEET
    for symbol in _LENGTHS:
        for power, word in (("²", "square"), ("2", "square"), ("³", "cubic"), ("3", "cubic")):
            one, many = units[symbol]
            units[symbol + power] = (f"{word} {one}", f"{word} {many}")
    for symbol in _ANY_CASE:
        units.setdefault(symbol.upper(), units[symbol])
        units.setdefault(symbol.lower(), units[symbol])
    return units


UNITS = _table()
_AFTER_ARTICLE = re.compile(r"\b[Aa]n? $")
_QUOTE = re.compile(r'(?<!\d)"')
_MEASURED = re.compile(
    r"(?:\.|,)?\s*(?:$|[.,;:!?)]|(?:wide|long|tall|high|deep|thick|apart|away|by|of|in|and|or|to|from)\b)"
)
_FULL_NAME = re.compile(r"\. [A-Z][a-z]+ [A-Z][a-z]+")  # "2012 W. John Adams": an initial
_DIRECTIONS = {"N": "north", "S": "south", "E": "east", "W": "west"}


def _unit(match: re.Match[str]) -> str:
    """ "5 kg", "1/2 tsp", "1 1/2 miles"; the unit is singular after an article and a hyphen: "a 5-kg bag"."""
    if match["unit"] in ("W", "V", "L") and _FULL_NAME.match(match.string, match.end()):
        return match[0]
    one, many = UNITS[match["unit"]]
    amount = match["amount"]
    per = _per_each(match["per"])
    if fraction := FRACTION.fullmatch(amount):
        return f"{fraction_in_words(fraction)} {many if fraction[1] or is_improper(fraction) else one}{per}"
    if match["magnitude"]:
        return f"{cardinal(amount)} {match['magnitude']} {many}{per}"
    singular = (
        amount == "1"
        or match["gap"] == "-"
        or _AFTER_ARTICLE.search(match.string, max(0, match.start() - 4), match.start())
    )
    return f"{cardinal(amount)} {one if singular else many}{per}"


def _per_each(written: str) -> str:
    """ "/kg/h" is " per kilogram per hour"."""
    return "".join(f" per {denominator(symbol)}" for symbol in written.split("/")[1:])


def denominator(symbol: str) -> str:
    """ "h" is "hour", "s²" "second squared", "100km" "hundred kilometers"."""
    if symbol.startswith("100"):
        return f"hundred {UNITS[symbol[3:].strip()][1]}"
    if symbol == "s²" or symbol == "s2":
        return "second squared"
    return PER.get(symbol) or UNITS[symbol][0]


def _per(match: re.Match[str]) -> str:
    """ "12/kg" is "12 per kilogram"."""
    return f" per {denominator(match[1])}"


def _after_power(match: re.Match[str]) -> str:
    """ "10 to the fifth m/s"."""
    return f"{match[1]} {UNITS[match['unit']][1]}{_per_each(match['per'])}"


def _inches(match: re.Match[str]) -> str:
    return f"{cardinal(match[1])} inch{'' if match[1] == '1' else 'es'}"


def _inch_mark(match: re.Match[str]) -> str:
    """ "a 12\\" pizza", "it is 12\\" wide"; a mark that closes a quotation stays."""
    if len(_QUOTE.findall(match.string, 0, match.start())) % 2:
        return match[0]
    fraction = FRACTION.fullmatch(match[1])
    singular = match[1] == "1" or (fraction and not fraction[1]) or not _MEASURED.match(match.string, match.end())
    return f"{fraction_in_words(fraction) if fraction else cardinal(match[1])} inch{'' if singular else 'es'}"


def _foot_mark(match: re.Match[str]) -> str:
    return (
        f"{cardinal(match[1])} {'feet' if _MEASURED.match(match.string, match.end()) and match[1] != '1' else 'foot'}"
    )


def _feet(match: re.Match[str]) -> str:
    return f"{words(int(match[1]))} foot {words(int(match[2]))}"


def _angle(match: re.Match[str]) -> str:
    """ "45° 30' 15\\" N" is "forty-five degrees thirty minutes fifteen seconds north"."""
    named = zip(match.groups()[:3], ("degree", "minute", "second"), strict=True)
    counts = [f"{cardinal(number)} {unit}{'' if number == '1' else 's'}" for number, unit in named if number]
    return " ".join([*counts, _DIRECTIONS[match[4]]] if match[4] else counts)


NAMED_DENOMINATOR = any_of(symbol for symbol in (*UNITS, *PER) if len(symbol) > 1 and symbol.isalpha())
_DENOMINATOR = rf"(?:100 ?(?:km|mi|g|ml|mL)|s[²2]|{any_of({**UNITS, **PER})})"
_RATIO = rf"(?:/{_DENOMINATOR}){{0,3}}"
# "5 min. walk": the full stop belongs to the unit if the sentence continues.
_MEASURE = rf"(?:\d{{1,3}} )?\d{{1,3}}/\d{{1,3}}|{NUMBER}"
_UNIT = (
    rf"(?<![\w.,])(?<!\d/)(?<![A-Z]-)(?P<amount>{_MEASURE})"
    rf"(?: (?P<magnitude>thousand|million|billion|trillion))?(?P<gap>[ -]?)"
    rf"(?P<unit>{any_of(UNITS)})(?P<per>{_RATIO})(?![\w²³]|/(?!\d)|\.\d|'[a-z])"
    r"(?:\.(?=\s?[a-z,;:)]|\s\d)|(?<=-[a-z]{2})\.(?=\s[A-Z]))?"
)

_TIMES = ("x", "×")

UNIT_RULES: list[Rule] = [
    ((" st ", "st "), r"(?<=\d) ?st (?=\d{1,2} ?lbs?\b)", " stone "),
    (("sq. ", "cu. ", "fl. "), r"\b(sq|cu|fl)\. (?=(?:ft|in|mi|yd|m|km|oz)\b)", r"\1 "),
    (
        (" to the ",),
        rf"(\d to the (?:minus )?[a-z-]{{3,20}}) (?P<unit>{any_of(UNITS)})(?P<per>{_RATIO})(?!\w)",
        _after_power,
    ),
    (
        ("degree",),
        r"(\d degrees?) ([CF])\b(?!\.[A-Z])",
        lambda match: f"{match[1]} {'Celsius' if match[2] == 'C' else 'Fahrenheit'}",
    ),
    (_TIMES, rf"(\d) ?(in|ft|mm|cm|m)\.? ?[x×] ?(?={NUMBER} ?\2\b(?! ?(?:=|equals)))", r"\1 by "),
    (("-", "–"), rf"(?<=\d)( ?)({any_of(UNITS)}) ?[-–] ?(?={NUMBER}\1\2(?![\w²³]))", r"\1\2 to "),
    (("-in",), rf"(?<![\w.,])({NUMBER})-in\.? (?=[a-z])", lambda match: f"{cardinal(match[1])} inch "),
    (("°",), r"(?<=\d°[CF])/(?=-?\d)", " slash "),
    (("º",), r"(?<=\d)\s?º", "°"),
    (
        ("°",),
        r"(?<![\w.,])(\d{1,3}(?:\.\d{1,8})?)°(?: ?(\d{1,2}(?:\.\d{1,8})?)')?(?: ?(\d{1,2}(?:\.\d{1,8})?)(?:\"|''))?"
        r"(?: ?([NSEW]))?(?<!°)(?!\w)",
        _angle,
    ),
    (("'",), r"\b(\d)'[\s-]?(\d{1,2})(?:\"|''|(?![\w']))", _feet),
    (('"',), rf"(?<![\w.,])({NUMBER})\" ?[x×] ?(?=\.?\d[\d.]{{0,6}}\")", lambda match: f"{cardinal(match[1])} by "),
    (('"',), r"(?<![\w.,/])((?:\d{1,3} )?\d{1,2}/\d{1,2}|\d{1,3}(?:\.\d{1,3})?)\"(?!\w)", _inch_mark),
    (
        ("'",),
        r"(?<![\w.,'])(\d{1,3})'(?= (?:tall|wide|long|high|deep|ladder|fence|ceiling|wall|board)s?\b)",
        _foot_mark,
    ),
    (
        _TIMES,
        rf"\b({NUMBER}) ?[x×] ?(?=\d+ ?(?:mg|g|kg|ml|mL|l|L|GB|TB)\b)",
        lambda match: f"{cardinal(match[1])} times ",
    ),
    (_TIMES, rf"(?<![\w.,'])({NUMBER}) ?[x×] ?(?=\d)", lambda match: f"{cardinal(match[1])} by "),
    (
        ("ft", "feet", "foot"),
        rf"(\d ?(?:ft\b\.?|feet|foot),? (?:and )?)({NUMBER}) ?in\b(?:\.(?!\s*$|\s+[A-Z]))?(?! [a-z]+(?:ing|ed)\b)",
        lambda match: f"{match[1]}{cardinal(match[2])} inch{'' if match[2] == '1' else 'es'}",
    ),
    ((" in.",), rf"(?<![\w.,])({NUMBER}) in\.(?=\s[a-z])", _inches),
    ((" in ",), rf"(?<![\w.,])({NUMBER}) in(?= (?:=|equals|x \d|wide|long|tall|high|deep|thick)(?!\w))", _inches),
    (("= ", "equals ", " by "), rf"(?:(?<=\= )|(?<=equals )|(?<=\d by ))({NUMBER}) in\b(?=[.,;:!?)]|\s*$)", _inches),
]
MEASURE_RULES: list[Rule] = [
    (("",), _UNIT, _unit),
    (("/",), rf"(?<=\d)/({NAMED_DENOMINATOR})\b(?!/)", _per),
]

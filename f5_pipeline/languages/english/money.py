"""English: amounts of money in words."""

from __future__ import annotations

import re

from f5_pipeline.languages.english.counting import NUMBER, cardinal, text_after, text_before, words
from f5_pipeline.languages.english.rules import Rule, after_digit
from f5_pipeline.languages.english.units import NAMED_DENOMINATOR, denominator
from f5_pipeline.languages.english.words import FUNCTION_WORDS
from f5_pipeline.languages.rules import any_of

_CENT = ("cent", "cents")
_CURRENCIES = {  # symbols and codes: singular, plural, subunit, subunit's plural
    "$": ("dollar", "dollars", *_CENT),
    "US$ USD": ("US dollar", "US dollars", *_CENT),
    "C$ CA$ CAD": ("Canadian dollar", "Canadian dollars", *_CENT),
    "A$ AU$ AUD": ("Australian dollar", "Australian dollars", *_CENT),
    "NZ$ NZD": ("New Zealand dollar", "New Zealand dollars", *_CENT),
    "HK$ HKD": ("Hong Kong dollar", "Hong Kong dollars", *_CENT),
    "S$ SGD": ("Singapore dollar", "Singapore dollars", *_CENT),
    "NT$ TWD": ("Taiwan dollar", "Taiwan dollars", *_CENT),
    "R$ BRL": ("real", "reais", "centavo", "centavos"),
    "MXN": ("Mexican peso", "Mexican pesos", "centavo", "centavos"),
    "€ EUR": ("euro", "euros", *_CENT),
    "£ GBP": ("pound", "pounds", "penny", "pence"),
    "¥ JPY": ("yen", "yen", "", ""),
    "CN¥ CNY RMB": ("yuan", "yuan", "", ""),
    "₹ INR Rs Rs.": ("rupee", "rupees", "paisa", "paise"),
    "₽ RUB": ("ruble", "rubles", "kopeck", "kopecks"),
    "¢": ("cent", "cents", "", ""),
    "CHF": ("Swiss franc", "Swiss francs", "centime", "centimes"),
    "₩ KRW": ("won", "won", "", ""),
    "₪ ILS": ("shekel", "shekels", "agora", "agorot"),
    "₺": ("lira", "lira", "kurus", "kurus"),
    "₴ UAH": ("hryvnia", "hryvnias", "kopeck", "kopecks"),
    "₫ VND": ("dong", "dong", "", ""),
    "฿ THB": ("baht", "baht", "satang", "satang"),
    "₱": ("peso", "pesos", "centavo", "centavos"),
    "₦ NGN": ("naira", "naira", "kobo", "kobo"),
    "₿ BTC": ("bitcoin", "bitcoins", "", ""),
    "kr": ("krone", "kroner", "øre", "øre"),
    "SEK": ("Swedish krona", "Swedish kronor", "öre", "öre"),
    "NOK": ("Norwegian krone", "Norwegian kroner", "øre", "øre"),
    "DKK": ("Danish krone", "Danish kroner", "øre", "øre"),
    "zł PLN": ("zloty", "zloty", "grosz", "groszy"),
    "Kč CZK": ("koruna", "koruna", "haler", "halers"),
    "ZAR": ("rand", "rand", *_CENT),
}
CURRENCIES = {symbol: names for symbols, names in _CURRENCIES.items() for symbol in symbols.split()}
SIGNS = "$€£¥₹₽₩₪₺₴₫฿₱₦₿"
MAGNITUDES = {"k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million", "bn": "billion"}
MAGNITUDES |= {"b": "billion", "B": "billion", "tn": "trillion", "T": "trillion"}
MAGNITUDES |= {word: word for word in ("hundred", "thousand", "million", "billion", "trillion", "lakh", "crore")}

_HOURS = {"h": "hour", "d": "day"}
_AFTER_ARTICLE = re.compile(r"\b(?:[Aa]n?|[Ee]very|[Ee]ach)(?: [a-z]{1,20})? $")
_AFTER_DETERMINER = re.compile(r"\b(?:[Tt]he|[Tt]h(?:is|at)|[Ii]ts|[Hh]is|[Hh]er|[Tt]heir|[Oo]ur|[Mm]y|[Yy]our) $")
_NOUN = re.compile(r" ([a-z]{2,20})\b")


def _money(match: re.Match[str]) -> str:
    """ "$5.50", "-€3k", and ranges with one sign: "$5-10 million", "$1.50-2.50"."""
    currency, amount, end = match["before"] or match["after"], match["amount"], match["end"]
    if match["after"] == "Rs" and len(amount) == 1:  # "the 3 Rs"
        return match[0]
    one, many = CURRENCIES[currency][:2]
    unit = one if _is_before_noun(match) else many
    if match["magnitude"]:
        spoken = f"{cardinal(end or amount)} {MAGNITUDES[match['magnitude']]} {unit}"
    else:
        spoken = _amount(end or amount, currency)
    if end:
        cents = "." in amount + end and not match["magnitude"]
        spoken = f"{_amount(amount, currency) if cents else cardinal(amount)} to {spoken}"
    elif unit == one:  # "a $20 bill"
        spoken = spoken.removesuffix(many) + one if spoken.endswith(f" {many}") else spoken
    if match["per"]:
        spoken += (
            " each"
            if match["per"] in ("ea", "each")
            else f" per {_HOURS.get(match['per']) or denominator(match['per'])}"
        )
    ends = match["after"] == "Rs." and re.match(r"\s*$|\s+[A-Z]", text_after(match, 3))  # not of the abbreviation alone
    return f"{'minus ' if match['minus'] else ''}{spoken}{'.' if ends else ''}"


def _is_before_noun(match: re.Match[str]) -> bool:
    """True in "a $20 bill" and "the $1 trillion plan", false in "the $1 trillion that was spent"."""
    if _AFTER_ARTICLE.search(match.string, max(0, match.start() - 30), match.start()):
        return True
    noun = _NOUN.match(match.string, match.end())
    determined = _AFTER_DETERMINER.search(match.string, max(0, match.start() - 30), match.start())
    return bool(match["magnitude"] and determined and noun and noun[1] not in FUNCTION_WORDS)


def _amount(amount: str, currency: str) -> str:
    one, many, cent, cents = CURRENCIES[currency]
    whole, _, part = amount.replace(",", "").partition(".")
    part = part.rstrip("0").ljust(2, "0") if part and cent else part
    if len(part) != 2 or not cent:
        return f"{cardinal(amount)} {one if amount == '1' else many}"
    spoken = [f"{cardinal(whole)} {one if int(whole) == 1 else many}"] if whole.strip("0") else []
    if int(part) or not spoken:
        spoken.append(f"{words(int(part))} {cent if int(part) == 1 else cents}")
    return " and ".join(spoken)


def _same_magnitude(match: re.Match[str]) -> str:
    """ "$1.2-$1.5 trillion" is "$1.2 trillion to $1.5 trillion", each in the singular before a noun."""
    noun = _NOUN.match(match.string, match.end())
    determined = re.search(r"\b(?:[Tt]he|[Aa]n?|[Ii]ts|[Hh]is|[Hh]er|[Tt]heir) $", text_before(match, 8))
    one, many = CURRENCIES[match[1]][:2]
    unit = one if determined and noun and noun[1] not in FUNCTION_WORDS else many
    first, last = (f"{cardinal(number)} {MAGNITUDES[match[5]]} {unit}" for number in (match[2], match[4]))
    return f"{first} to {last}"


def _pre_decimal(match: re.Match[str]) -> str:
    """ "£3 10s. 6d." is "three pounds, ten shillings and sixpence"."""
    pounds, shillings, pence = match["pounds"], match["shillings"], match["pence"]
    parts = [f"{cardinal(pounds)} pound{'' if pounds == '1' else 's'}"] if pounds else []
    parts.append(f"{cardinal(shillings)} shilling{'' if shillings == '1' else 's'}")
    if pence:
        parts.append("one penny" if pence == "1" else f"{words(int(pence))}pence")
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _word(match: re.Match[str]) -> str:
    """A sign without a number: "in $" is "in dollars"."""
    one, many = ("percent", "percent") if match[0] == "%" else CURRENCIES[match[0]][:2]
    before, after = text_before(match), text_after(match)
    alone = (not before or before in " \"'(") and (not after or after in " .,;:!?)\"'")
    return f"{'' if alone else ' '}{many if alone else one}{'' if alone else ' '}"


_AMOUNT = (
    rf"(?P<amount>{NUMBER})(?: ?[-–] ?(?P<end>{NUMBER})(?![\d-]))?"
    rf"(?:[\s-]?(?P<magnitude>{any_of(MAGNITUDES)})(?![A-Za-z]))?"
)
_SIGN = rf"(?<![A-Za-z])(?:[A-Z]{{1,3}}(?=\$))??(?P<before>{any_of(CURRENCIES)})"  # "XY$" is read as dollars
_RATE = rf"(?:/(?P<per>each|ea|h|d|{NAMED_DENOMINATOR})\b(?!/))?"
_MONEY_BEFORE = rf"(?P<minus>(?<![\w)])-)?{_SIGN}\s?{_AMOUNT}(?P<after>){_RATE}"
_MONEY_AFTER = rf"(?<![\w.])(?P<minus>-)?{_AMOUNT}\s?(?P<before>)(?P<after>{any_of(CURRENCIES)})(?![A-Za-z]){_RATE}"
_PENCE = r"(?P<pence>\d{1,2})d\b(?:\.(?!\s*$|\s+[A-Z]))?"
_SIGN_LIST = f"[{SIGNS}]"

LIKE_MONEY = re.compile(rf"[{SIGNS}¢]|[A-Z]{{3}}|kr\b|zł|Kč|Rs\b|\ds\. ")
MONEY_RULES: list[Rule] = [
    (
        ("£",),
        rf"£(?P<pounds>\d[\d,]{{0,9}}),? (?P<shillings>\d{{1,2}})s\b\.?(?:,? (?:and )?{_PENCE})?",
        _pre_decimal,
    ),
    (("s. ",), rf"(?P<pounds>)\b(?P<shillings>\d{{1,2}})s\. {_PENCE}", _pre_decimal),
    (
        ("0s",),  # "$100s"
        rf"({_SIGN_LIST})(1(?:,?0){{1,12}})s\b(?: of (?:dollars|pounds|euros))?",
        lambda match: f"{match[2]}s of {CURRENCIES[match[1]][1]}",
    ),
    (("$",), rf"(?<![A-Z])\$({NUMBER}) ?(?=(?:USD|CAD|AUD|NZD|HKD|SGD|MXN)\b)", r"\1 "),
    (("D$",), r"\b((?:CA|AU|NZ|HK|SG|US)D)\$(?=\d)", r"\1 "),
    (("£",), r"(?<=\d)p\b(?<=£\d\.\d\dp|\d\d\.\d\dp)", ""),
    (("+",), rf"(?<![\w)])\+(?={_SIGN_LIST})", "plus "),
    (
        after_digit("kKmMbB"),
        rf"([$€£¥₹]{NUMBER})([kKmMbB])[-–]({NUMBER})\2\b",
        lambda match: f"{match[1]}-{match[3]}{match[2]}",
    ),
    (tuple(f"{sign}-" for sign in SIGNS), rf"({_SIGN_LIST})-(?=\d)", r"-\1"),
    (
        tuple(SIGNS),
        rf"({_SIGN_LIST})({NUMBER})( ?[-–] ?| to )\1({NUMBER})\s?({any_of(MAGNITUDES)})(?![A-Za-z])",
        _same_magnitude,
    ),
    (("-", "–"), rf"(?<=[\dkKmMBbn])(?:-| ?– ?)(?={_SIGN_LIST}\d)", " to "),
    (("",), _MONEY_BEFORE, _money),
    (("",), _MONEY_AFTER, _money),
]
LEFT_OVER: list[Rule] = [((*SIGNS, "¢", "%"), f"[{SIGNS}¢%]", _word)]

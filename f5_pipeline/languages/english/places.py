"""English: street addresses, states and ZIP codes: "4415 Ocean Dr, Miami, FL 33139"."""

from __future__ import annotations

import re

from f5_pipeline.languages.english.counting import digits, paired, text_after
from f5_pipeline.languages.english.rules import after_digit, apply, compiled
from f5_pipeline.languages.rules import any_of

_STREETS = {
    "St": "Street", "Str": "Street", "Rd": "Road", "Ave": "Avenue", "Av": "Avenue", "Blvd": "Boulevard", "Dr": "Drive",
    "Ct": "Court", "Ln": "Lane", "Pl": "Place", "Pkwy": "Parkway", "Hwy": "Highway", "Expy": "Expressway",
    "Cir": "Circle", "Ter": "Terrace", "Sq": "Square", "Fwy": "Freeway", "Tpke": "Turnpike", "Trl": "Trail",
    "Aly": "Alley", "Plz": "Plaza", "Cres": "Crescent", "Xing": "Crossing",
}  # fmt: skip
_NO_OTHER_WORD = ("Rd", "Ave", "Blvd", "Ct", "Ln", "Pkwy", "Hwy", "Expy", "Fwy", "Tpke")
_FULL = "Street|Road|Avenue|Boulevard|Drive|Lane|Parkway|Terrace|Crescent|Court|Place|Square|Highway|Expressway|Freeway"
_DIRECTIONS = {
    "N": "North", "S": "South", "E": "East", "W": "West", "NE": "Northeast", "NW": "Northwest", "SE": "Southeast",
    "SW": "Southwest",
}  # fmt: skip
_STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "DC": "DC", "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho",
    "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine",
    "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri",
    "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico",
    "NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon",
    "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee",
    "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington", "WV": "West Virginia",
    "WI": "Wisconsin", "WY": "Wyoming", "PR": "Puerto Rico",
}  # fmt: skip
_ALSO_WORDS = ("HI", "ID", "IN", "ME", "OH", "OK", "OR", "PR", "LA", "MD", "MA", "PA")  # "Well, OK.", "Ann Lee, MD"
_SHORT_STATES = {
    "Ala": "Alabama", "Ariz": "Arizona", "Ark": "Arkansas", "Calif": "California", "Colo": "Colorado",
    "Conn": "Connecticut", "Del": "Delaware", "Fla": "Florida", "Ga": "Georgia", "Ill": "Illinois", "Ind": "Indiana",
    "Kan": "Kansas", "Ky": "Kentucky", "La": "Louisiana", "Md": "Maryland", "Mass": "Massachusetts", "Mich": "Michigan",
    "Minn": "Minnesota", "Miss": "Mississippi", "Mo": "Missouri", "Mont": "Montana", "Neb": "Nebraska", "Nev": "Nevada",
    "Okla": "Oklahoma", "Ore": "Oregon", "Pa": "Pennsylvania", "Penn": "Pennsylvania", "Tenn": "Tennessee",
    "Tex": "Texas", "Vt": "Vermont", "Va": "Virginia", "Wash": "Washington", "Wis": "Wisconsin", "Wyo": "Wyoming",
}  # fmt: skip
_PARTIES = {"D": "Democrat", "R": "Republican", "I": "Independent"}

_CERTAIN_SHORT = _SHORT_STATES.keys() - {"Miss", "Pa", "La", "Mass", "Wash", "Ore", "Del", "Ill", "Ind", "Mo"}

_STREET = any_of([*_STREETS, *map(str.lower, _STREETS), *map(str.upper, _STREETS)])
_DIRECTION = any_of(_DIRECTIONS)
_STATE = any_of(_STATES)
_CERTAIN_STATE = any_of(code for code in _STATES if code not in _ALSO_WORDS)
_IN_CITY = r"\b(?:[Ii]n|[Ff]rom|to|at|[Nn]ear|of|around|outside|via) (?:[A-Z][a-z'.]{1,20} ){0,2}[A-Z][a-z]{1,20}, "
_AFTER_STATE = r"[.,;:)!?]|\s*$| [a-z]"
_ENDS_SENTENCE = r"\s*$|\s+[A-Z\"'(]"
_POINT = rf"(?:\.(?!{_ENDS_SENTENCE}|\s+\d))?"  # that of the abbreviation, unless it also ends the sentence
_NAME = r"(?:[A-Z][\w'-]{0,20} |\d{1,3}(?:st|nd|rd|th|ST|ND|RD|TH) ){1,4}?"
_LIKE_ZIP = re.compile(r" \d{5}(?!\d)")
_LIKE_STATE = re.compile(r", (?:[A-Z]{2}\b|[A-Z][a-z]{1,4}\.)")
_ZIP = r"\d{5}(?:-\d{4})?(?![\w-])"


def places_in_words(text: str) -> str:
    """The text with house numbers, streets, directions, states and ZIP codes in words."""
    text = apply(text, _STREET_RULES)
    if _LIKE_ZIP.search(text):
        text = apply(text, _ZIP_RULES)
    return apply(text, _STATE_RULES) if _LIKE_STATE.search(text) else text


def _house(match: re.Match[str]) -> str:
    before, after = match["before"], match["after"]
    street = _STREETS.get(match["street"].rstrip(".").capitalize(), match["street"])
    number = f"{paired(match['number'])} {match['letter']}".strip()
    parts = [number, before and _DIRECTIONS[before], match["name"].strip(), street]
    return " ".join(filter(None, [*parts, after and _DIRECTIONS[after]]))


def _street(match: re.Match[str]) -> str:
    before = f"{_DIRECTIONS[match['before']]} " if match["before"] else ""
    return f"{before}{match['name']} {_STREETS[match['street'].capitalize()]}"


def _state(match: re.Match[str]) -> str:
    return match[1] + _STATES[match[2]]


def _zip(code: str) -> str:
    return ", ".join(map(digits, code.split("-")))


def _party(match: re.Match[str]) -> str:
    """ "Sen. Sanders (I-Vt.)"."""
    written = match[2]
    state = _STATES.get(written.replace(".", "")) or _SHORT_STATES.get(written.rstrip("."))
    state = state or (written if written in _STATES.values() else None)
    if not state:
        return match[0]
    comma = "" if re.match(r"\s*(?:[,.;:!?)]|$)", text_after(match, 3)) else ","
    return f", {_PARTIES[match[1]]} of {state}{comma}"


_STREET_RULES = compiled(
    [
        (
            ("D-", "R-", "I-"),
            r"(?:\s?\(|(?<=[a-z]), )([DRI])-([A-Z][A-Za-z.]{1,9}(?: [A-Z][a-z]{3,9})?)(?:\)|(?<!\()(?=,))",
            _party,
        ),
        ((" Fl",), r"(?<=[0-9][a-z]{2} )Fl\b\.?(?=[,;]| [a-z])|(?<=[0-9][a-z]{2} )Fl(?=\.)", "floor"),
        (
            ("st ", "nd ", "rd ", "th "),
            rf"(?:\b(?P<before>{_DIRECTION})\.? )?\b(?P<name>\d{{1,3}}(?:st|nd|rd|th)) "
            rf"(?P<street>{any_of(_STREETS)})\b{_POINT}(?! [A-Z][a-z]+ (?:and|of)\b)",
            _street,
        ),
        (
            tuple(f" {word}" for word in _NO_OTHER_WORD),
            rf"(?:\b(?P<before>{_DIRECTION})\.? )?\b(?P<name>[A-Z][a-z]{{1,20}}|\d{{1,3}}(?:st|nd|rd|th)) "
            rf"(?P<street>{any_of(_NO_OTHER_WORD)})\b(?!\.\w|'){_POINT}",
            _street,
        ),
        (
            (" Dr", " St", " Pl", " Sq"),
            rf"(?:\b(?P<before>{_DIRECTION})\.? )?\b(?P<name>(?!The\b|And\b|But\b|For\b)[A-Z][a-z]{{2,20}}) "
            rf"(?P<street>Dr|St|Pl|Sq)\b(?:(?=\.?[,;:)!?]|\s*$| (?:and|near|in|at|to|is|was|from)\b| &)"
            rf"|(?=\.\s*$|\. (?:[a-z]|(?:It|He|She|They|The|We|I|You|But|And|Then)\b)))(?:\.(?![\s]*$| [A-Z]))?",
            _street,
        ),
        (("Hwy",), r"\bHwy\.? (?=\d)", "Highway "),
        (
            after_digit(" ABCD"),
            rf"(?<![\w.,$£€/#:-])(?<!\b[Nn]o\. )(?P<number>\d{{1,5}})(?P<letter>[A-Z]?) "
            rf"(?:(?P<before>{_DIRECTION})\.? )?"
            rf"(?P<name>{_NAME})(?P<street>(?:{_STREET})\b{_POINT}|(?:{_FULL})\b)"
            rf"(?:,? (?P<after>{_DIRECTION})\b(?!\.?[A-Za-z]))?",
            _house,
        ),
    ]
)
_ZIP_RULES = compiled(
    [
        (("",), rf"(?<=[A-Za-z.,)] )({_STATE}),? ({_ZIP})", lambda match: f"{_STATES[match[1]]} {_zip(match[2])}"),
        (tuple(_STATES.values()), rf"\b({any_of(_STATES.values())}),? ({_ZIP})", lambda m: f"{m[1]} {_zip(m[2])}"),
    ]
)
_STATE_RULES = compiled(
    [
        ((", ",), rf"(?<=[a-z], )({_CERTAIN_STATE})\b(?={_AFTER_STATE})", lambda match: _STATES[match[1]]),
        ((", M", ", PA"), rf"((?:^|[.!?:] |[a-z] )[A-Z][a-z]{{2,20}}, )(M[AD]|PA)\b(?={_AFTER_STATE})", _state),
        ((", ",), rf"({_IN_CITY})({_STATE})\b(?={_AFTER_STATE})", _state),
        ((", ",), rf"(?<=[a-z], )({any_of(_CERTAIN_SHORT)})(?=\.){_POINT}", lambda match: _SHORT_STATES[match[1]]),
        ((", ",), rf"({_IN_CITY})({any_of(_SHORT_STATES)})(?=\.){_POINT}", lambda m: m[1] + _SHORT_STATES[m[2]]),
    ]
)

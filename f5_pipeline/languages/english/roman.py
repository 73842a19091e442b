"""English: Roman numerals as digits: "Chapter 4", "Louis the 14th", "the 19th century".

A lone I, V or X is a letter unless the word before it takes a number.
"""

from __future__ import annotations

import re
import unicodedata

from f5_pipeline.languages.characters import ANY_ROMAN, roman_value
from f5_pipeline.languages.english.counting import text_after
from f5_pipeline.languages.english.names import GIVEN, REGNAL
from f5_pipeline.languages.english.words import FUNCTION_WORDS
from f5_pipeline.languages.rules import any_of

_SIGNS = {sign: unicodedata.normalize("NFKC", chr(sign)) for sign in range(0x2160, 0x2170)}  # "Ⅳ"
_LABELS = (  # words that take a number
    "Chapter", "Part", "Volume", "Book", "Act", "Scene", "Section", "War", "Phase", "Type", "Level", "Class",
    "Appendix", "Article", "Title", "Step", "Episode", "Canto", "Tier", "Rank", "Bowl", "Stage", "Grade", "Adventure",
    "Stave", "Lesson", "Psalm", "Sonnet", "Schedule", "Category", "Movement", "Division", "Factor",
)  # fmt: skip
_LABELS_BUT_FOR_I = (  # "on Page I found", "Mark I know"
    "Mark", "Letter", "Figure", "Table", "Plate", "Page", "Verse", "Number", "Symphony", "Concerto",
    "Fantasy", "Saturn", "Round", "Column", "Group", "Corps", "Unit", "Season", "Windows", "OS", "iPhone",
)  # fmt: skip
_ABBREVIATIONS = {
    "Vol": "Volume", "vol": "volume", "Ch": "Chapter", "ch": "chapter", "Mk": "Mark", "Pt": "Part", "pt": "part",
    "Bk": "Book", "bk": "book", "No": "Number", "no": "number", "Op": "Opus", "Fig": "Figure", "fig": "figure",
    "Art": "Article", "Sec": "Section", "p": "page", "pp": "pages", "Sc": "Scene", "sc": "scene",
}  # fmt: skip
_TITLES = (
    "King", "Queen", "Pope", "Emperor", "Empress", "Tsar", "Czar", "Duke", "Prince", "Princess", "Sultan", "Shah",
    "Kaiser", "Pharaoh", "Count", "Earl", "Archduke", "Patriarch", "Judge", "Mr", "Sir", "Dr", "Lord", "Saint",
    "Shogun",
)  # fmt: skip
_ROYAL = ("King", "Queen", "Pope", "Emperor", "Empress", "Tsar", "Czar", "Duke")
_FIRST_YEAR = 1100
# Numerals from 2 to 99, except a single L ("Type L"); one or more capitals
_NUMERAL = r"(?!I\b|L\b)(?=[IVXL])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?<=[IVXL])"
_SURE_NUMERAL = r"(?!XX+\b)(?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3})(?!\w)"  # no clothes sizes, no lone letters
_VALID = re.compile(ANY_ROMAN)
_LABEL = any_of([*_LABELS, *(word.upper() for word in _LABELS)])
_OTHER_LABEL = any_of([*_LABELS_BUT_FOR_I, *(word.upper() for word in _LABELS_BUT_FOR_I)])

_HEADING = re.compile(rf"^(\W{{0,3}})({_SURE_NUMERAL})(?=\.?\s*$|[.:] +[A-Z\"'(])")
_SHORT_HEADING = re.compile(  # "I. The Man in the Moon"
    r"^([IVX])(?=\. [A-Z][\w',-]{0,30}"
    r"(?: (?:[A-Z\d][\w',-]{0,30}|of|and|the|in|to|a|an|on|for|with|at|by|from|or)){0,8}$)"
)
_FIRST_LABEL = re.compile(rf"^([A-Z][A-Za-z]{{2,20}}) ({_SURE_NUMERAL})(?=[.:]? *(?:$|[A-Z—-]))(?!\.[A-Z])")
_LABELLED = re.compile(
    rf"\b(?![Tt]ype X\b)({_LABEL}) ({_NUMERAL}|(?<!\b[Tt]his (?:Part|Book) )I)\b(?!\.[A-Z])"
    rf"|\b({_OTHER_LABEL}) ({_NUMERAL})\b(?!\.[A-Z])"
)
_ABBREVIATED = re.compile(  # "No. I will not."
    rf"\b({any_of(_ABBREVIATIONS)})\. ({_NUMERAL}|(?<!\b[Nn]o\. )I|[ivxl]{{1,7}})\b(?!\.[A-Z]|')"
)
_SMALL = re.compile(
    r"\b(Act|[Ss]cene|Chapter|Book|Part|Volume|Canto|Section|[Pp]ages?|Appendix) ([ivxl]{1,7})\b(?!['.]?[a-z])"
)
_ITEM = re.compile(r"\((i{1,3}|i?v|vi{1,3}|i?x)\)")  # "(i) a lid, (ii) a pot"
_CENTURY = re.compile(
    rf"\b({_NUMERAL}|I)(?:(?:st|nd|rd|th)\b|(?=[-–](?:{_NUMERAL}) [Cc]entur)"
    r"|(?= [Cc]entur(?:y|ies)\b| [Dd]ynast(?:y|ies)\b| Olympi(?:ad|c)))"
)
_YEAR = re.compile(r"\b(?=[MDCLXVI]{4})(M{1,2}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))\b")
_NAMED = re.compile(rf"\b((?:[A-Z][\w'&-]{{0,30}} |[A-Z]\. ){{1,4}})({_SURE_NUMERAL}|[IVX])(?!\w)")
_MARK = re.compile(r"\bMk\.? ?(?=[IVX]{1,5}\b)")
_GREAT_WAR = re.compile(r"\bWW(I{1,2}|1|2)\b")
_FIRST_ENDS = re.compile(
    r"$|'s\b|[,;:.)!?]|\s?--|\s?[—–]| \(| of [A-Z]| - | (?:reigned|ruled|abdicated|died)\b"
    r"| was (?:born|crowned|executed|succeeded|king|queen|tsar)\b| the Great\b| and [A-Z][a-z]{1,20} [IVX]{1,5}\b"
)
_RULES = re.compile(r"(?:'s)?,?(?: of [A-Z]| (?:ruled|reigned|died|abdicated|ascended|married|succeeded|spoke|said)\b)")
_MEDICAL = re.compile(
    r" (?:drips?|fluids?|lines?|bags?|therapy|antibiotics|access|infusions?|poles?|catheters?|needles?)\b"
)
_LIKE_ROMAN = re.compile(
    r"\b[IVXLMCD]{2}|[IVX](?!\w)|\b(?:[Ss]cene|Act|Chapter|Book|[Vv]ol\.|[Pp]ages?|[Cc]h\.|pp?\.) [ivxl]|\(i[iv]\)"
)


def roman_in_digits(text: str) -> str:
    """The text with Roman numerals in digits: "4", "the 14th"."""
    if not text.isascii():
        text = text.translate(_SIGNS)
    if not _LIKE_ROMAN.search(text):
        return text
    text = _MARK.sub("Mark ", text)
    text = _HEADING.sub(lambda m: f"{m[1]}{_value(m[2])}", text)
    text = _SHORT_HEADING.sub(lambda m: str(_value(m[1])), text)
    text = _GREAT_WAR.sub(lambda m: f"World War {m[1] if m[1].isdecimal() else len(m[1])}", text)
    text = _YEAR.sub(_year, text)
    text = _CENTURY.sub(lambda m: _ordinal(_value(m[1])), text)
    text = _ABBREVIATED.sub(_abbreviated, text)
    text = _SMALL.sub(_small, text)
    if "(ii)" in text or "(iv)" in text:
        text = _ITEM.sub(lambda m: f"({_value(m[1].upper())})", text)
    text = _LABELLED.sub(lambda m: f"{m[1] or m[3]} {_value(m[2] or m[4])}", text)
    text = _NAMED.sub(_named, text)
    return _FIRST_LABEL.sub(lambda m: f"{m[1]} {_value(m[2])}", text)


def _year(match: re.Match[str]) -> str:
    value = _value(match[1])
    return str(value) if value > _FIRST_YEAR else match[0]


def _named(match: re.Match[str]) -> str:
    """ "Robert Downing III" is "the 3rd", "Street Fighter II" is "2"."""
    words, numeral = match[1].split(), match[2]
    bare = [_small_letters(word.removesuffix("'s")) for word in words]
    as_person, as_thing = f"{match[1]}the {_ordinal(_value(numeral))}", f"{match[1]}{_value(numeral)}"
    if len(numeral) == 1:
        ruler = bare[-1] in REGNAL or (
            bare[0] in _ROYAL and len(bare) > 1 and _FIRST_ENDS.match(match.string, match.end())
        )
        if not _may_be_single(match) or not (ruler or (numeral == "V" and _is_version(bare))):
            return match[0]
        return as_person if ruler else as_thing
    if words[-1].lower() in FUNCTION_WORDS or (numeral == "IV" and _MEDICAL.match(match.string, match.end())):
        return match[0]
    titled = bare[0] in _TITLES and len(bare) > 1
    person = titled or not GIVEN.isdisjoint(bare) or _RULES.match(match.string, match.end())
    return as_person if person and not _is_acronym(bare[-1]) else as_thing


def _small_letters(word: str) -> str:
    """ "HENRY" is "Henry"; acronyms stay."""
    name = word.capitalize()
    return name if name in GIVEN or name in _TITLES else word


def _may_be_single(match: re.Match[str]) -> bool:
    """False where I, V or X is the pronoun or an initial: "when Peter I saw", "John V. Smith"."""
    if match[2] == "I":
        crowned = match[1].title().startswith(_ROYAL) and not match.string.startswith("'", match.end())
        return crowned or bool(_FIRST_ENDS.match(match.string, match.end()))
    if match[1].title().startswith(_ROYAL):
        return True
    after = re.match(r"\.? ([A-Z][a-z']*)", text_after(match, 20))
    return not (after and after[1].lower() not in FUNCTION_WORDS)


def _is_version(words: list[str]) -> bool:
    """True for the name of a product rather than of a person: "GTA", "Grand Theft Auto"."""
    return _is_acronym(words[-1]) or (len(words) > 1 and GIVEN.isdisjoint(words) and words[0] not in _TITLES)


def _is_acronym(word: str) -> bool:
    return len(word) > 1 and word.isupper() and not _value(word)


def _abbreviated(match: re.Match[str]) -> str:
    value = _value(match[2].upper())
    return f"{_ABBREVIATIONS[match[1]]} {value}" if value else match[0]


def _small(match: re.Match[str]) -> str:
    """ "Scene ii"; "part i" and words such as "ill" stay."""
    value = _value(match[2].upper())
    pronoun = match[2] == "i" and text_after(match) not in (*".,;:)", "")
    return f"{match[1]} {value}" if value and not pronoun else match[0]


def _value(numeral: str) -> int:
    """0 if it is no Roman numeral."""
    return roman_value(numeral) if _VALID.fullmatch(numeral) else 0


def _ordinal(number: int) -> str:
    """ "2nd"."""
    return f"{number}{'th' if 10 < number % 100 < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"

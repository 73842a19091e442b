"""German: its words, its number formats and its own rules."""

from __future__ import annotations

import re

from f5_pipeline.languages.language import Language, words
from f5_pipeline.languages.number_words import cardinal, ordinal, year
from f5_pipeline.languages.numbers import has_roman, roman
from f5_pipeline.languages.word_tables import word_table

_WORDS = word_table("de")

_WEAK = (
    "am|dem|den|vom|zum|beim|im|bis|seit|ab|des|einem|einen|eines|einer|zur|diesem|diesen|jedem|jeden|[mdskiu]einem"
    "|[mdskiu]einen|ihrem|ihren|unserem|unseren"
)
_STRONG = "der|die|das|dieser|diese|dieses|jeder|jede|jedes"
_NEUTER = re.compile(
    r"\w*(?:jahr|jahrhundert|kilo|gramm|pfund|dutzend|glas|chen|lein|prozent|kapitel|mal|semester|stück|buch|haus|kind"
    r"|auto|tor|spiel|quartal|halbjahr)",
    re.IGNORECASE,
)
_RANKED = (  # nouns before which "3." is an ordinal even without an article
    "Geburtstag|Platz|Stock|Jahrhundert|Kapitel|Mal|Klasse|Auflage|Liga|Weltkrieg|Etage|Semester|Spieltag|Advent|Stunde"
    "|Runde|Stufe|Bundesliga|Quartal|Halbjahr|Akt|Teil|Band|Tag|Woche|Jahrestag|Hochzeitstag|Rang|Obergeschoss|OG|UG"
    "|Untergeschoss|Sinfonie|Symphonie|Satz|Lebensjahr|Schuljahr|Jahrgang|Ausgabe|Minute|Spielminute|Monat|Gebot|Bezirk"
)
_RULERS = (
    "Karl|Friedrich|Wilhelm|Heinrich|Otto|Ludwig|Leopold|Joseph|Franz|Ferdinand|Maximilian|Rudolf|Konrad|Georg|Philipp"
    "|Peter|Alexander|Nikolaus|Iwan|Katharina|Elisabeth|Johannes|Paul|Pius|Benedikt|Gregor|Leo|Urban|Innozenz|Clemens"
    "|Eduard|Richard|Jakob|Christian|Gustav|August|Albrecht|Napoleon|Ramses|Xerxes|Dareios"
)
_ARTICLE_ORDINAL = re.compile(
    rf"\b({_WEAK}|{_STRONG}) (\d{{1,4}})\.(?:( (?:und|oder|bis) )(\d{{1,4}})\.)?(?= [^\W\d]| \d{{1,2}}\. [A-ZÄÖÜ])",
    re.IGNORECASE,
)
_LAST_DAY = re.compile(r"\b(am|dem|den|vom|zum|beim|im) (\d{1,4})(?=\.(?:$|\W*$))", re.IGNORECASE)
_POSSESSED = re.compile(
    r"\b((?:[mdsk]?ein|ihr|unser|euer|eur)e?) (\d{1,4})\. (?=([A-ZÄÖÜ][a-zäöüß]\w{0,30}))", re.IGNORECASE
)
_RANK = re.compile(rf"(?<![\d.,])(\d{{1,4}})\. (?=({_RANKED})s?\b)")
_SUFFIXED = re.compile(r"(?<![\w.,])(\d{1,9})\.?-?(?:s?te)([nrsm]?)\b")
_SHORT_YEAR = re.compile(r"\b(am|vom|zum|bis|seit|ab|dem) (\d{1,2})\.(\d{1,2})\.(\d\d)(?![\d.,]\d|\d)", re.IGNORECASE)
_SHORT_DATE = re.compile(
    r"(?:\b([^\W\d]{2,12}) )?(?<![\d.,/])(\d{1,2})\.(?:(\d{1,2})\.(?![\d.])|(0[1-9]|1[0-2])(?![\d.,]))(?! ?Uhr)"
)
_RULER = re.compile(rf"\b((?:{_RULERS})(s?)) ([IVX]{{1,6}})\b\.?(?=(\W*)$|\W)")
_ROMAN_RANK = re.compile(rf"\b([IVX]{{1,6}})\. (?=(?:{_RANKED})s?\b)")
_ROMAN_NUMBER = re.compile(r"\b(Kapitel|Band|Teil|Akt|Weltkrieg|Buch|Artikel|Klasse|Stufe|Phase|Typ) ([IVXLC]{1,7})\b")
_ONE_MILLION = re.compile(r"(?<![\d.,])1 (Million(?=en)|Milliarde(?=n)|Billion(?=en))e?n\b")
_SENTENCE_START = re.compile(
    r" (?:Aber|Als|Am|Auch|Auf|Bei|Da|Dabei|Danach|Dann|Das|Dem|Den|Denn|Der|Deshalb|Die|Dies|Diese|Dieser|Doch|Dort"
    r"|Ein|Eine|Er|Es|Für|Gestern|Heute|Hier|Ich|Ihr|Im|In|Ist|Jetzt|Man|Mein|Meine|Mit|Morgen|Nach|Nun|Nur|Ob|Oder|Seit"
    r"|Sie|So|Sonst|Um|Und|Von|Vor|War|Warum|Was|Weil|Wenn|Wer|Wie|Wir|Wo|Zu|Zum)\b"
)
_WEEKDAY = dict(
    zip(
        words("Mo Di Mi Do Fr Sa So"),
        words("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
        strict=True,
    )
)
_WEEKDAYS = re.compile(
    r"\b(Mo|Di|Mi|Do|Fr|Sa|So)\.?(?: ?[-–] ?(Mo|Di|Mi|Do|Fr|Sa|So)\b\.?)?(?=,? (?:den |ab |von |um )?\d)"
)
_NO_DATE_AFTER = ("Version", "Kapitel", "Abschnitt", "Punkt", "Nummer", "Absatz", "Release", "Python", "Android")
_DAYS = re.compile(
    r"(?:\b([^\W\d]{2,12}) )?(?<![\d.,])(\d{1,2})\. ?(?:[-–]|bis) ?"
    r"(?=\d{1,2}\. ?(?:Ja|Feb|Mä|Ap|Mai|Jun|Jul|Au|Se|Ok|No|De|\d{1,2}\.))"
)


def _form(noun: str) -> str:
    """Only 1 differs: "eine" before a feminine noun, "ein" before another one; on its own it is "eins"."""
    if not noun[:1].isupper() or (noun.isupper() and len(noun) > 1):
        return "masculine" if noun in ("mal", "m", "cm", "km") else ""
    return "feminine" if _is_feminine(noun) else "masculine"


def _is_feminine(noun: str) -> bool:
    return _WORDS.nouns.form(noun) == "feminine"


def _inflected(number: int, before: str) -> str:
    """An ordinal after an article or a preposition: "am dritten", "der dritte"; without one "dritter"."""
    if re.fullmatch(_WEAK, before, re.IGNORECASE):
        return ordinal(number, "de") + "n"
    return ordinal(number, "de") + ("" if re.fullmatch(_STRONG, before, re.IGNORECASE) else "r")


def _after_article(match: re.Match[str]) -> str:
    first = f"{match[1]} {_inflected(int(match[2]), match[1])}"
    end = "." if _SENTENCE_START.match(match.string, match.end()) else ""
    return first + (match[3] + _inflected(int(match[4]), match[1]) if match[4] else "") + end


def _first_day(match: re.Match[str]) -> str:
    """ "2.–5. März"."""
    before = match[1] or ""
    return (f"{before} " if before else "") + f"{_inflected(int(match[2]), before)} bis "


def _ranked(match: re.Match[str]) -> str:
    return f"{ordinal(int(match[1]), 'de')}{_strong_ending(match[2])} "


def _strong_ending(noun: str) -> str:
    return "" if _is_feminine(noun) else "s" if _NEUTER.fullmatch(noun) else "r"


def _possessed(match: re.Match[str]) -> str:
    """ "ihr 100. Besuch"."""
    ending = "" if match[1].endswith("e") else _strong_ending(match[3])
    return f"{match[1]} {ordinal(int(match[2]), 'de')}{ending} "


def _weekdays(match: re.Match[str]) -> str:
    """ "Mo.–Fr. 9 Uhr", "Sa., 5.10."."""
    last = f" bis {_WEEKDAY[match[2]]}" if match[2] else ""
    return _WEEKDAY[match[1]] + last


def _short_date(match: re.Match[str]) -> str:
    """ "am 2.3.": the month is an ordinal too; "02.03" without a period is a date only with its zero."""
    before, day, month = match[1] or "", int(match[2]), int(match[3] or match[4])
    ends_sentence = re.match(r"$| [A-ZÄÖÜ]", match.string[match.end() :]) and not re.fullmatch(
        f"{_WEAK}|{_STRONG}", before, re.IGNORECASE
    )
    if not (1 <= day <= 31 and 1 <= month <= 12) or (match[3] and ends_sentence) or before in _NO_DATE_AFTER:
        return match[0]
    spoken = GERMAN.months[month - 1] if match[4] else _inflected(month, before).capitalize()
    end = "." if match[3] and not match.string[match.end() :].strip("\"')") else ""
    return (f"{before} " if before else "") + f"{_inflected(day, before)} {spoken}{end}"


def _half(whole: str, noun: str) -> str:
    if whole:
        return f"{'ein' if whole.startswith('ein') and len(whole) < 5 else whole}einhalb {noun}"
    if not noun[:1].isupper():
        return f"ein halb {noun}"
    if _is_feminine(noun):
        return f"eine halbe {noun}"
    return f"ein {'halbes' if _NEUTER.fullmatch(noun) else 'halber'} {noun}"


def _fraction(numerator: int, denominator: int) -> str:
    count = "ein" if numerator == 1 else cardinal(numerator, "de")
    if denominator == 2:
        return f"{count} {'halb' if numerator == 1 else 'halbe'}"
    return f"{count} {ordinal(denominator, 'de')}l"


def _ruler(match: re.Match[str]) -> str:
    """ "Karl V." is "Karl der Fünfte"; a period at the end of the text stays."""
    article, ending = (
        ("des", "n") if match[2] else ("die", "") if match[1] in ("Katharina", "Elisabeth") else ("der", "")
    )
    end = "." if match[4] is not None and match[0].endswith(".") else ""
    return f"{match[1]} {article} {ordinal(roman(match[3]) or 0, 'de').capitalize()}{ending}{end}"


def _rules(text: str) -> str:
    if not text.islower():
        text = _WEEKDAYS.sub(_weekdays, text)
        text = re.sub(r"\bFr\. (?=[A-ZÄÖÜ][a-zäöü])", "Frau ", text)
    if has_roman(text):
        text = _ROMAN_RANK.sub(lambda m: f"{roman(m[1])}. ", text)
        text = _RULER.sub(_ruler, text)
        text = _ROMAN_NUMBER.sub(lambda m: f"{m[1]} {cardinal(value, 'de')}" if (value := roman(m[2])) else m[0], text)
    if "str." in text:
        text = re.sub(r"(?<=[a-zäöüß])str\.(?= \d|,|$| [A-ZÄÖÜ])", "straße", text)
    if not re.search(r"\d", text):
        return text
    text = re.sub(
        r"(?<=\d)-(?=(?:jährig|stündig|tägig|köpfig|teilig|prozentig|seitig|stöckig|jährlich|mal\b))", "", text
    )
    text = re.sub(r"(?<=\d) ?[x×](?= [^\W\d])", "mal", text)
    text = text.replace("US-$", "US$")
    text = _ONE_MILLION.sub(r"1 \1", text)
    text = _DAYS.sub(_first_day, text)
    text = _SHORT_YEAR.sub(lambda m: f"{m[1]} {m[2]:0>2}.{m[3]:0>2}.{m[4]}", text)
    text = _SHORT_DATE.sub(_short_date, text)
    text = _ARTICLE_ORDINAL.sub(_after_article, text)
    text = _LAST_DAY.sub(lambda m: f"{m[1]} {_inflected(int(m[2]), m[1])}", text)
    text = _POSSESSED.sub(_possessed, text)
    text = _RANK.sub(_ranked, text)
    text = _SUFFIXED.sub(lambda m: ordinal(int(m[1]), "de") + m[2], text)
    return re.sub(r"^(\d{1,9})\.$", lambda m: ordinal(int(m[1]), "de") + "r", text)


def _half_day(hour: int, half: str) -> str:
    if half == "a":
        return "nachts" if hour in (12, 1, 2, 3) else "morgens"
    return "nachmittags" if hour == 12 or hour < 6 else "abends"


GERMAN = Language(
    "de",
    form=_form,
    bare_years=True,
    months=words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
    day=_inflected,
    year=lambda number: year(number, "de"),
    to="bis",
    versus="zu",
    hour_mark="Uhr",
    full_hour="{h} Uhr",
    hour_and_minutes="{h} Uhr {m}",
    seconds="{0} {1} {2}",
    half_day=_half_day,
    half_day_hour="{h} Uhr",
    hours={1: "ein"},
    half=_half,
    fraction=_fraction,
    attached=r"er[ns]?\b|mal\b|fach|jährig|stündig|tägig|köpfig|teilig|prozentig|seitig|stöckig|jährlich",
    magnitudes="Millionen|Million|Milliarden|Milliarde|Billionen|Billion|Tausend",
    large={
        "Mio": ("Million", "Millionen"),
        "Mrd": ("Milliarde", "Milliarden"),
        "M": ("Million", "Millionen"),
        "bn": ("Milliarde", "Milliarden"),
        "k": ("Tausend", "Tausend"),
    },
    subunits={
        "EUR": ("Cent", "Cent"),
        "USD": ("Cent", "Cent"),
        "GBP": ("Penny", "Pence"),
        "CHF": ("Rappen", "Rappen"),
    },
    units={
        "Std.": ("Stunde", "Stunden"),
        "Min.": ("Minute", "Minuten"),
        "Sek.": ("Sekunde", "Sekunden"),
        "TL": ("Teelöffel", "Teelöffel"),
        "EL": ("Esslöffel", "Esslöffel"),
        "mV": ("Millivolt", "Millivolt"),
        "mv": ("Millivolt", "Millivolt"),
        "ha": ("Hektar", "Hektar"),
        "ct": ("Cent", "Cent"),
        "m³": ("Kubikmeter", "Kubikmeter"),
        "/km²": ("pro Quadratkilometer", "pro Quadratkilometer"),
        "/m²": ("pro Quadratmeter", "pro Quadratmeter"),
    },
    words=_WORDS,
    rules=_rules,
)

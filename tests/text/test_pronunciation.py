"""Pronunciation dictionaries: whole words, the longest first, and no other rule changes the pronunciation."""

from __future__ import annotations

import random
import string

import pytest

from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.settings.environment import Settings
from f5_pipeline.text.front_end import normalise
from f5_pipeline.text.pronunciation import Entry, Lexicon, Pronunciations, put_back

CATALOGUE = load_catalogue(Settings())
WITH_CAPITALS = CATALOGUE["F5TTS_v1_Base"]


def lexicon(*entries: tuple[str, ...], language: str = "en") -> Lexicon:
    return Pronunciations([Entry(*entry) for entry in entries]).of(language)


def replaced(text: str, *entries: tuple[str, ...], language: str = "en") -> str:
    """The text with its words replaced, without the rest of the front end."""
    return put_back(*lexicon(*entries, language=language).set_aside(text))


def spoken(text: str, *entries: tuple[str, ...], language: str = "en") -> str:
    return normalise(text, language, WITH_CAPITALS, lexicon(*entries, language=language))


# --- matching -------------------------------------------------------------------------------------------------

SQL, CAN, NEW, NEW_YORK = ("SQL", "sequel"), ("can", "kan"), ("new", "noo"), ("new york", "noo yawk")

FOUND = [
    # whole words only
    ("SQL, mySQL, SQL2, xSQLx, SQL_x and SQL.", [SQL], "sequel, mySQL, SQL2, xSQLx, SQL_x and sequel."),
    ("SQL-based, (SQL) and SQL/SQL", [SQL], "sequel-based, (sequel) and sequel/sequel"),
    ("SQL's own", [SQL], "sequel's own"),
    ("I can't, but you can.", [CAN], "I can't, but you kan."),
    ("l'Oréal", [("Oréal", "oh ray al")], "l'oh ray al"),
    ("naïve naïvely", [("naïve", "nah eve")], "nah eve naïvely"),
    ("हिन्दी हि", [("हि", "X")], "हिन्दी X"),  # marks belong to their letter
    ("Москва москвича", [("москва", "МАСКВА")], "МАСКВА москвича"),
    # in scripts without spaces a word may begin and end anywhere
    ("我在京都市。", [("京都", "きょうと")], "我在きょうと市。"),
    # an entry that begins or ends with a sign matches inside words, and gets a space
    ("ASP.NET and .NET", [(".net", "dot net")], "ASP dot net and dot net"),
    ("Dr. Who, Dr.Who", [("Dr.", "Doktor")], "Doktor Who, Doktor Who"),
    ("AC/DC live", [("AC/DC", "ay see dee see")], "ay see dee see live"),
    ("C, C++ and C#", [("C++", "see plus plus"), ("C#", "see sharp")], "C, see plus plus and see sharp"),
    # lower case matches any case, capitals only themselves
    ("Can CAN can", [CAN], "kan kan kan"),
    ("sql Sql SQL", [SQL], "sql Sql sequel"),
    ("US us Us", [("US", "you ess"), ("us", "uss")], "you ess uss uss"),
    ("ΣΑΣ σας", [("σας", "sas")], "sas sas"),  # a final sigma equals a sigma
    (
        "İstanbul istanbul",
        [("istanbul", "X")],
        "İstanbul X",
    ),  # lower case of two characters shifts nothing
    # the longest match at each position, from left to right, in one pass
    ("new York, New York, new", [NEW, NEW_YORK], "noo yawk, noo yawk, noo"),
    ("a b c d", [("a b", "1"), ("b c d", "2")], "1 c d"),
    ("one two", [("one", "two"), ("two", "one")], "two one"),
    ("sequel SQL", [SQL, ("sequel", "SQL")], "SQL sequel"),
    ("x x x", [("x", "y")], "y y y"),
    # an empty pronunciation: the word is not spoken, and no space stays before a mark
    ("Well, erm, yes erm.", [("erm", "")], "Well,, yes."),
    ("Erm, SQL", [("erm", ""), SQL], "sequel"),
    ("SQL sql", [("SQL", ""), ("sql", "squeal")], "squeal"),
    # signs and emoji; an emoji of several characters is one word
    ("5 ★ → 6", [("★", "stars"), ("→", "")], "5 stars  6"),
    ("Nice👍!", [("👍", "thumbs up")], "Nice thumbs up!"),
    ("👨\u200d👩\u200d👧 and 👨", [("👨", "a man")], "👨\u200d👩\u200d👧 and a man"),
    ("👨\u200d👩\u200d👧!", [("👨\u200d👩\u200d👧", "")], "!"),
    # no match
    ("", [SQL], ""),
    ("nothing of it", [SQL], "nothing of it"),
]


@pytest.mark.parametrize(("text", "entries", "expected"), FOUND, ids=[text or "empty" for text, _, _ in FOUND])
def test_matches(text: str, entries: list[tuple[str, ...]], expected: str) -> None:
    assert replaced(text, *entries) == expected


def test_an_entry_for_a_language_takes_precedence_over_one_for_any() -> None:
    entries = [("tomato", "T"), ("tomato", "to mah to", "en-gb"), ("tomato", "to may to", "en"), ("ja", "yah", "de")]
    assert replaced("tomato ja", *entries, language="en-GB") == "to mah to ja"
    assert replaced("tomato ja", *entries, language="en_US") == "to may to ja"
    assert replaced("tomato ja", *entries, language="de") == "T yah"


def test_an_earlier_dictionary_takes_precedence_whatever_the_case_and_language() -> None:
    batch = [Entry("us", "batch"), Entry("york", "yawk")]
    store = [Entry("US", "store"), Entry("us", "store", "en"), Entry("new york", "noo york"), Entry("sql", "sequel")]
    both = Pronunciations(batch, store).of("en")
    assert put_back(*both.set_aside("US us York SQL")) == "batch batch yawk sequel"
    assert put_back(*both.set_aside("New York")) == "noo york"  # a longer entry is a different word


# --- replacements ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "entries", "expected"),
    [
        ("Dr. Smith has 2.", [("Dr.", "Drive")], "Drive Smith has two."),
        ("5 km for $3", [("km", "clicks"), ("$3", "three bucks")], "five clicks for three bucks"),
        ("He paid $5 for SQL.", [("SQL", "S. 42 Dr. No. 7 NASA")], "He paid five dollars for S. 42 Dr. No. 7 NASA."),
        ("WE ALL LOVE SQL HERE", [("SQL", "SEQUEL")], "we all love SEQUEL here"),
        ("Chapter IV", [("IV", "eye vee")], "Chapter eye vee"),
        ("a–b — SQL", [("a–b", "A to B"), SQL], "A to B - sequel"),
        ("SQL\n\nSQL", [SQL], "sequel\n\nsequel"),
        ("New\u00a0York  City, new\nYork", [NEW_YORK], "noo yawk City, noo yawk"),
        ("“SQL”—it’s fine", [SQL, ("it's", "it is")], '"sequel" - it is fine'),
    ],
)  # fmt: skip
def test_no_rule_changes_a_pronunciation(text: str, entries: list[tuple[str, ...]], expected: str) -> None:
    assert spoken(text, *entries) == expected


def test_other_languages_have_dictionaries_too() -> None:
    assert spoken("Das kostet 5 € bei IKEA.", ("IKEA", "Ikeja"), language="de") == "Das kostet fünf Euro bei Ikeja."
    assert spoken("我在IKEA买了5个。", ("ikea", "宜家"), language="zh") == "我在宜家买了五个。"


def test_pronunciations_are_lowered_but_not_spelled_for_a_model_without_capitals() -> None:
    assert (
        normalise("The SQL of NASA", "en", CATALOGUE["demo"], lexicon(("SQL", "SEE quell"))) == "the see quell of nasa"
    )


def test_a_text_may_contain_placeholder_letters() -> None:
    assert replaced("\U00017000 SQL \U00017001", SQL) == "\U00017000 sequel \U00017001"


def test_more_words_than_one_range_has_placeholders() -> None:
    entries = [(f"w{number}q", f"s{number}") for number in range(7_000)]
    text = " ".join(word for word, _ in entries)
    assert replaced(text, *entries) == " ".join(say for _, say in entries)


def test_the_number_of_lookups_grows_with_the_text_not_with_the_dictionary() -> None:
    """10,000 entries and 5,000 lines of 16 words: one look-up per word."""
    rng = random.Random(7)
    words = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 9))) for _ in range(20_000)]
    entries = [
        Entry(word if at % 3 else f"{word} {words[at - 1]}", f"say {at}") for at, word in enumerate(words[:10_000])
    ]
    lookups: list[str] = []

    class Counted(dict):  # type: ignore[type-arg]
        def get(self, key: str, default: object = None) -> object:
            lookups.append(key)
            return super().get(key, default)

    found = Pronunciations(entries).of("en")
    found._lengths = Counted(found._lengths)
    lines = [" ".join(rng.choices(words, k=16)) for _ in range(5_000)]
    changed = sum(bool(found.set_aside(line)[1]) for line in lines)
    assert changed > 4_900
    assert len(lookups) == 16 * 5_000

"""The lines that training hears: sentences of WordNet, templates with numbers and names, and strings of words.

All of it may be redistributed: WordNet and the word lists of SCOWL by their licences, the rest is made here. Every line
is said as the product would say it: by its own text front end, in the model's own characters.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.text.front_end import spoken

WORDNET = Path("/usr/share/wordnet")
SCOWL = Path("/usr/share/dict/scowl")
_KINDS = ("noun", "verb", "adj", "adv")
_LICENCE_LINES = 29  # at the head of each file of WordNet
_QUOTED = re.compile(r'"([^"]+)"')
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")
_NAME = re.compile(r"[A-Z][a-z]{2,}")
_LETTERS = {"a", "i"}  # that are words
_SHORTEST, _LONGEST = 1, 16  # words of a line
_MOST_CHARACTERS = 90
_GRAM = 4  # a line that shares so many words in a row with a held-out one is not trained on

Say = Callable[[str], str]


def held_out() -> list[str]:
    """The sentences that evaluation speaks, as people write them; training never hears them."""
    return Path(__file__).with_name("held_out.txt").read_text(encoding="utf-8").splitlines()


def sayer(spec: ModelSpec, vocabulary: frozenset[str]) -> Say:
    """From a text to what the model is given: "" if it has characters that the model cannot say."""

    def say(text: str) -> str:
        said, unsayable = spoken(text, "en", spec, vocabulary)
        return "" if unsayable else said

    return say


def build(count: int, seed: int, say: Say) -> list[str]:
    """So many different lines: 45 % sentences, 10 % templates, 45 % strings of words, in random order.

    Raises:
        FileNotFoundError: WordNet or SCOWL is not on this machine (Debian: wordnet-base, scowl).
    """
    generator = random.Random(seed)
    tiers = [words_of_tier(*tier) for tier in ((10,), (20,), (35,), (40, 50))] + [names()]
    refused = _grams(say(text) for text in held_out())
    lines: set[str] = set()
    sentences = _sentences()
    generator.shuffle(sentences)
    for source, until in (
        (iter(sentences), 0.45),
        (_endless(lambda: _template(generator, tiers)), 0.55),
        (_endless(lambda: _string(generator, tiers)), 1.0),
    ):
        for text in source:
            if len(lines) >= until * count:
                break
            said = say(text)
            if _is_line(said) and not refused & _grams([said]):
                lines.add(said)
    found = sorted(lines)
    generator.shuffle(found)
    return found


def words_of_tier(*levels: int) -> list[str]:
    """SCOWL's English and American words of these levels: the lower, the more usual. No genitives, a third of it."""
    found = {
        word
        for level in levels
        for kind in ("english", "american")
        for word in (SCOWL / f"{kind}-words.{level}").read_text(encoding="latin-1").split()
    }
    words = (word for word in found if _WORD.fullmatch(word) and not word.endswith("'s"))
    return sorted(word for word in words if len(word) > 1 or word in _LETTERS)


def names() -> list[str]:
    """SCOWL's names of people and places, up to those that most know."""
    found = {
        word
        for kind in ("proper-names", "upper")
        for level in (35, 40, 50)
        for word in (SCOWL / f"english-{kind}.{level}").read_text(encoding="latin-1").split()
    }
    return sorted(word for word in found if _NAME.fullmatch(word))


def _sentences() -> list[str]:
    """The examples of WordNet, and its glosses where they are short."""
    found: set[str] = set()
    for kind in _KINDS:
        for line in (WORDNET / f"data.{kind}").read_text(encoding="utf-8").splitlines()[_LICENCE_LINES:]:
            gloss = line.partition("|")[2].strip()
            found.update(_sentence(match[1]) for match in _QUOTED.finditer(gloss))
            found.add(_sentence(_QUOTED.sub("", gloss).partition(";")[0]))
    return sorted(found)


def _sentence(text: str) -> str:
    text = text.strip(" ;:,-")
    return text if text[-1:] in (".", "?", "!") else f"{text}."


def _is_line(said: str) -> bool:
    words = said.split()
    return (
        _SHORTEST <= len(words) <= _LONGEST
        and len(said) <= _MOST_CHARACTERS
        and said[-1] in ".?!"
        and all(_WORD.fullmatch(word.strip(".,?!")) for word in words)
        and all(len(bare) > 1 or bare in _LETTERS for word in words if (bare := word.strip(".,?!")))
    )


def _grams(lines: Iterator[str] | Sequence[str]) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for line in lines:
        words = _WORD.findall(line)
        found.update(tuple(words[at : at + _GRAM]) for at in range(max(1, len(words) - _GRAM + 1)))
    return found


def _endless(make: Callable[[], str]) -> Iterator[str]:
    while True:
        yield make()


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NAMES = _words(
    "John Mary James Linda Robert Susan Michael Karen William Lisa David Nancy Thomas Emma Daniel Anna Paul Laura Mark "
    "Sarah George Alice Peter Helen Henry Julia Oliver Sophie Jack Grace Walter Ruth Samuel Clara Victor Irene"
)
_PLACES = _words(
    "London Paris Boston Chicago Berlin Tokyo Madrid Rome Canada Germany France England Africa India Australia Japan "
    "Texas California Dublin Oslo Vienna Kenya Brazil Norway"
)
_DAYS = _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
_MONTHS = _words("January February March April May June July August September October November December")


def _template(generator: random.Random, tiers: Sequence[Sequence[str]]) -> str:
    """A sentence as people write it, with digits; the front end has to read them."""
    name, other, place, day, month = (generator.choice(names) for names in (_NAMES, _NAMES, _PLACES, _DAYS, _MONTHS))
    usual, common, rare = (generator.choice(tiers[level]) for level in (0, 1, 2))
    number = generator.randrange(10 ** generator.randint(1, 6))
    year, hour, minute = generator.randint(1700, 2040), generator.randint(1, 12), generator.randint(10, 59)
    digits = ", ".join(str(generator.randrange(10)) for _ in range(generator.randint(3, 6)))
    return generator.choice(
        (
            f"It is {hour}:{minute} on {day}.",
            f"On {day}, {month} {generator.randint(1, 28)}, {name} paid ${number}.",
            f"{name} and {other} went to {place} in {month}.",
            f"There are {number} {common} in the {usual}.",
            f"{name} said that the {common} was {rare}.",
            f"Chapter {generator.randint(1, 60)}, page {number % 1000}.",
            f"How many {usual} does {name} have?",
            f"The number is {digits}.",
            f"In {year}, the {rare} of {place} was {common}.",
            f"Please {usual} the {common} before {hour} o'clock.",
            f"{name} is {number % 100} years old!",
            f"Do you {usual} the {rare} in {place}?",
            f"{name}, {other} and {generator.choice(_NAMES)} live in {place}.",
            f"About {number % 101}% of the {common} are {rare}.",
        )
    )


_LITTLE = _words(
    "the a an of to in and that is was for on with as at by it this from be are or not have had but they you he she we "
    "his her their our my your its which when who what will would can could there been has more if out so up said do "
    "i no all one into over some these then them than only other new about after before because through between where "
    "how very just still while under never always again"
)


def _string(generator: random.Random, tiers: Sequence[Sequence[str]]) -> str:
    """One to nine words that have nothing to do with each other: how words are read, whatever stands beside them."""
    chosen = []
    for _ in range(generator.randint(_SHORTEST, 9)):
        words = generator.choices((_LITTLE, *tiers), (0.22, 0.18, 0.15, 0.18, 0.17, 0.1))[0]
        chosen.append(generator.choice(words) + ("," if generator.random() < 0.08 else ""))
    return " ".join(chosen).rstrip(",") + generator.choices(".?!", (0.86, 0.08, 0.06))[0]

"""The lines of the training corpus: sentences from WordNet, templates with numbers and names, and strings of words.

All of it may be redistributed: WordNet and SCOWL's word lists under their licences; the rest is generated here. Every
line goes through the product's own text front end, for the model's own vocabulary.
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
_LETTERS = {"a", "i"}  # letters that are words
_SHORTEST, _LONGEST = 1, 16  # words of a line
_MOST_CHARACTERS = 90
_GRAM = 4  # a line that shares this many consecutive words with a held-out sentence is left out

Normalise = Callable[[str], str]


def held_out() -> list[str]:
    """The sentences of the evaluation, as written; they are not part of the training corpus."""
    return Path(__file__).with_name("held_out.txt").read_text(encoding="utf-8").splitlines()


def front_end(spec: ModelSpec, vocabulary: frozenset[str]) -> Normalise:
    """The text front end for a model, as a function; it returns "" for a text that the model cannot say."""

    def normalise(text: str) -> str:
        normalised, unsayable = spoken(text, "en", spec, vocabulary)
        return "" if unsayable else normalised

    return normalise


def build(count: int, seed: int, normalise: Normalise, pairs: float = 0.0) -> list[str]:
    """``count`` different lines: 45 % sentences, 10 % templates, 45 % strings of words, in random order.

    ``pairs``: the share of lines that are two sentences, part of the 45 %.

    Raises:
        FileNotFoundError: WordNet or SCOWL is not on this machine (Debian: wordnet-base, scowl).
    """
    generator = random.Random(seed)
    tiers = [words_of_tier(*tier) for tier in ((10,), (20,), (35,), (40, 50))] + [names()]
    excluded = _grams(normalise(text) for text in held_out())
    lines: set[str] = set()
    sentences = _sentences()
    generator.shuffle(sentences)
    for source, until in (
        *([(_pairs(generator, sentences), pairs)] if pairs else []),
        (iter(sentences), 0.45),
        (_endless(lambda: _template(generator, tiers)), 0.55),
        (_endless(lambda: _string(generator, tiers)), 1.0),
    ):
        for text in source:
            if len(lines) >= until * count:
                break
            line = normalise(text)
            if _is_line(line) and not excluded & _grams([line]):
                lines.add(line)
    shuffled = sorted(lines)
    generator.shuffle(shuffled)
    return shuffled


def words_of_tier(*levels: int) -> list[str]:
    """SCOWL's English and American words of these levels (a lower level is more frequent), without genitives."""
    found = {
        word
        for level in levels
        for kind in ("english", "american")
        for word in (SCOWL / f"{kind}-words.{level}").read_text(encoding="latin-1").split()
    }
    words = (word for word in found if _WORD.fullmatch(word) and not word.endswith("'s"))
    return sorted(word for word in words if len(word) > 1 or word in _LETTERS)


def names() -> list[str]:
    """SCOWL's names of people and places, up to level 50."""
    found = {
        word
        for kind in ("proper-names", "upper")
        for level in (35, 40, 50)
        for word in (SCOWL / f"english-{kind}.{level}").read_text(encoding="latin-1").split()
    }
    return sorted(word for word in found if _NAME.fullmatch(word))


def _sentences() -> list[str]:
    """WordNet's example sentences and the first part of each gloss."""
    found: set[str] = set()
    for kind in _KINDS:
        for line in (WORDNET / f"data.{kind}").read_text(encoding="utf-8").splitlines()[_LICENCE_LINES:]:
            gloss = line.partition("|")[2].strip()
            found.update(_sentence(match[1]) for match in _QUOTED.finditer(gloss))
            found.add(_sentence(_QUOTED.sub("", gloss).partition(";")[0]))
    return sorted(found)


def _pairs(generator: random.Random, sentences: Sequence[str]) -> Iterator[str]:
    """Two short sentences, endlessly."""
    short = [sentence for sentence in sentences if len(sentence) < _MOST_CHARACTERS // 2]
    return _endless(lambda: " ".join(generator.sample(short, 2)))


def _sentence(text: str) -> str:
    text = text.strip(" ;:,-")
    return text if text[-1:] in (".", "?", "!") else f"{text}."


def _is_line(text: str) -> bool:
    """True if a normalised text is a line of the corpus: its length, its words and its final mark are right."""
    words = text.split()
    return (
        _SHORTEST <= len(words) <= _LONGEST
        and len(text) <= _MOST_CHARACTERS
        and text[-1] in ".?!"
        and all(_WORD.fullmatch(word.strip(".,?!")) for word in words)
        and all(len(bare) > 1 or bare in _LETTERS for word in words if (bare := word.strip(".,?!")))
    )


def _grams(lines: Iterator[str] | Sequence[str]) -> set[tuple[str, ...]]:
    """All runs of ``_GRAM`` words; a shorter line counts as one run."""
    grams: set[tuple[str, ...]] = set()
    for line in lines:
        words = _WORD.findall(line)
        grams.update(tuple(words[start : start + _GRAM]) for start in range(max(1, len(words) - _GRAM + 1)))
    return grams


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
    """A sentence as people write it, with digits for the front end to read."""
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
    """One to nine unrelated words: teaches the reading of words independently of their context."""
    chosen = []
    for _ in range(generator.randint(_SHORTEST, 9)):
        words = generator.choices((_LITTLE, *tiers), (0.22, 0.18, 0.15, 0.18, 0.17, 0.1))[0]
        chosen.append(generator.choice(words) + ("," if generator.random() < 0.08 else ""))
    return " ".join(chosen).rstrip(",") + generator.choices(".?!", (0.86, 0.08, 0.06))[0]

"""How the tests of markup write what a text becomes."""

from __future__ import annotations

from f5_pipeline.text.markup.interpret import Directions, Markup, interpret
from f5_pipeline.text.tag_syntax import BadTag
from f5_pipeline.text.tags import split_at_tags


def read(text: str, markup: Markup = "auto", directions: Directions = "drop", language: str = "en") -> str:
    """A text with its markup as our own tags, each white space as one space; or "refused: " and the reason."""
    try:
        interpreted = interpret(text, markup, directions, language).text
        split_at_tags(interpreted, "anna")
    except BadTag as reason:
        return f"refused: {reason}"
    return " ".join(interpreted.split())


def notes(text: str, markup: Markup = "auto") -> tuple[str, ...]:
    """The notes on a text."""
    return interpret(text, markup).notes

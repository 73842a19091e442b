"""The entry point: from a written text with markup to a text with our own tags only, ready for ``split_at_tags``."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from f5_pipeline.text.markup.common import check_characters, restored
from f5_pipeline.text.markup.directions import without_directions
from f5_pipeline.text.markup.emphasis import (
    without_code_marks,
    without_emphasis,
    without_heading_marks,
    without_links,
)
from f5_pipeline.text.markup.escapes import without_escapes, without_office_escapes
from f5_pipeline.text.markup.footnotes import without_footnote_marks
from f5_pipeline.text.markup.game import without_braces
from f5_pipeline.text.markup.html import from_html
from f5_pipeline.text.markup.placeholders import refuse_placeholders
from f5_pipeline.text.markup.ruby import without_ruby
from f5_pipeline.text.markup.ssml import from_ssml, is_ssml

Markup = Literal["auto", "plain", "ssml", "markdown"]
Directions = Literal["drop", "reject", "speak"]

_MARK = re.compile(r"[<>&{}\[\]［*_`~#%$\\|《«(（⁰¹²³⁴-⁹†‡\ufdd0-\ufdef]")  # in every text with markup
_FOOTNOTE = re.compile("[⁰¹²³⁴-⁹†‡]")
_BRACKET = re.compile(r"[\[［(（*]")
_MOST_NOTES = 5  # of one text


class Interpreted(NamedTuple):
    """A text with our own tags only, and notes (sentences) on what is not spoken."""

    text: str
    notes: tuple[str, ...] = ()


def has_markup(text: str, markup: Markup) -> bool:
    """False for a text that ``interpret`` returns unchanged. Fast: this runs for every row of a manifest."""
    return markup != "plain" and (markup == "markdown" or _MARK.search(text) is not None)


def interpret(text: str, markup: Markup = "auto", directions: Directions = "drop", language: str = "en") -> Interpreted:
    """Turn markup into our own tags and into the words to speak.

    Args:
        text: as written.
        markup: "plain": only our own tags are markup; "ssml": the text is XML; "markdown": the text is Markdown;
            "auto": SSML if it begins with ``<speak``, else what is markup beyond doubt.
        directions: what happens to directions and footnote marks.
        language: of the row, for ``<say-as>``.

    Raises:
        BadMarkup: the markup is malformed, cannot be spoken, or is a placeholder without a value.
    """
    if not has_markup(text, markup):
        return Interpreted(text)
    notes: list[str] = []
    check_characters(text)
    text = _inline(_blocks(without_office_escapes(text), markup, language, notes))
    if _FOOTNOTE.search(text):
        text = without_footnote_marks(text, directions, notes)
    if _BRACKET.search(text):
        text = without_directions(text, directions, notes)
    return Interpreted(restored(without_emphasis(text)), _listed(notes))


def _blocks(text: str, markup: Markup, language: str, notes: list[str]) -> str:
    """The text without what encloses other markup: SSML, Markdown, escapes, HTML."""
    if markup == "ssml" or (markup == "auto" and is_ssml(text)):
        return from_ssml(text, language, notes)
    if markup == "markdown":
        from f5_pipeline.text.markup.markdown import from_markdown

        return from_html(from_markdown(text, notes), language, notes)
    text = without_links(without_heading_marks(without_code_marks(without_escapes(text))))
    return from_html(text, language, notes)


def _inline(text: str) -> str:
    """The text without ruby and the tags of games. Refuses placeholders."""
    text = without_braces(without_ruby(text))
    refuse_placeholders(text)
    return text


def _listed(notes: list[str]) -> tuple[str, ...]:
    """Each note once, and a count of those beyond the first ones."""
    unique = tuple(dict.fromkeys(notes))
    if len(unique) <= _MOST_NOTES:
        return unique
    return (*unique[:_MOST_NOTES], f"Not spoken, too: {len(unique) - _MOST_NOTES} more of these.")

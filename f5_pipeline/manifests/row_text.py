"""The text of a row as passages: markup is interpreted, then our own tags split it. Invalid texts are rejected."""

from __future__ import annotations

from collections.abc import Callable

from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.row_values import RowRejected
from f5_pipeline.text.markup.interpret import Interpreted, has_markup, interpret
from f5_pipeline.text.tag_syntax import BadTag, voices_in
from f5_pipeline.text.tags import TaggedPassage, split_at_tags, without_tags

MAX_CHARACTERS = 50_000  # of one text: about an hour of speech


def passages_of(
    text: str, voice: str | None, settings: BatchSettings, language: Callable[[], str]
) -> tuple[list[TaggedPassage], tuple[str, ...]]:
    """The passages of a row's text, and notes (sentences) on what is not spoken.

    Args:
        text: as in the manifest.
        voice: of the row.
        settings: of the batch.
        language: the row's; called only for a text with markup.

    Raises:
        RowRejected: the text is empty or too long, or its markup or a tag is invalid.
    """
    if not text.strip():
        raise RowRejected("The text is empty")
    if len(text) > MAX_CHARACTERS:
        raise RowRejected(f"The text has {len(text):,} characters; a row has at most {MAX_CHARACTERS:,}; split it")
    try:
        interpreted = _interpreted(text, settings, language)
        return split_at_tags(interpreted.text, voice), interpreted.notes
    except BadTag as reason:
        raise RowRejected(str(reason)) from None


def voices_named(text: str, settings: BatchSettings) -> list[str]:
    """The voices that the tags and the markup of a text name, as far as it can be read."""
    text = text[:MAX_CHARACTERS]
    try:
        return voices_in(_interpreted(text, settings).text)
    except BadTag:
        return voices_in(text)


def displayed_text(text: str, settings: BatchSettings) -> str:
    """The text of a row for people to read: without markup and tags; unchanged if they are invalid."""
    try:
        return without_tags(_interpreted(text, settings).text)
    except BadTag:
        return text


def _interpreted(text: str, settings: BatchSettings, language: Callable[[], str] = lambda: "en") -> Interpreted:
    if not has_markup(text, settings.markup):
        return Interpreted(text)
    return interpret(text, settings.markup, settings.directions, language())

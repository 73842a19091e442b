"""Plain text manifests: one row per paragraph, or per line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from f5_pipeline.manifests.formats.reading import ManifestRow, ReadOptions, decode_lines
from f5_pipeline.manifests.formats.transcripts import check_plain_text, script_note

_SHORT_LINE = 60  # characters


def txt_rows(data: bytes, options: ReadOptions) -> Iterator[ManifestRow]:
    """The paragraphs, numbered without blank lines; or with ``txt_rows = "line"`` the lines, with their numbers."""
    text = decode_lines(data).replace("\f", "\n\n")  # a page ends a paragraph
    check_plain_text(text)
    if note := script_note(text):
        options.note(note)
    if options.txt_rows == "line":
        return (ManifestRow(n, {"text": line.strip()}) for n, line in enumerate(text.split("\n"), 1) if line.strip())
    paragraphs = [part.strip() for part in re.split(r"\n[^\S\n]*\n", text) if part.strip()]
    _hint_at_lines(paragraphs, options)
    return (ManifestRow(number, {"text": part}) for number, part in enumerate(paragraphs, start=1))


def _hint_at_lines(paragraphs: list[str], options: ReadOptions) -> None:
    """Prose fills its lines; several short lines can be meant as rows. Nothing is guessed."""
    for number, paragraph in enumerate(paragraphs, start=1):
        lines = paragraph.split("\n")
        if len(lines) > 1 and max(map(len, lines)) <= _SHORT_LINE:
            options.note(
                f"Row {number} has {len(lines)} short lines, since a row is a paragraph; with txt_rows = 'line' in the "
                "batch settings, each line is a row."
            )
            return

"""Markdown manifests: one row per block of a document, and sections and their titles from its headings."""

from __future__ import annotations

from collections.abc import Iterator

from f5_pipeline.manifests.formats.reading import ManifestRow, ReadOptions, decode_manifest
from f5_pipeline.text.markup.markdown_document import Block, blocks_of


def md_rows(data: bytes, options: ReadOptions) -> Iterator[ManifestRow]:
    """The blocks of a document, numbered, with the section of each."""
    for number, block in enumerate(_blocks(data), start=1):
        yield ManifestRow(number, {"text": block.text, **({"section": block.section} if block.section else {})})


def md_section_titles(data: bytes) -> dict[str, str]:
    """The titles of a document's sections, by section."""
    return {block.section: block.title for block in _blocks(data) if block.section}


def _blocks(data: bytes) -> list[Block]:
    return blocks_of(decode_manifest(data).replace("\r\n", "\n").replace("\r", "\n"))

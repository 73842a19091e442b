"""The language of a text: the row's, else the batch's, else the voice's, else the one that follows from its script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.text.language_parts import language_parts
from f5_pipeline.text.scripts import default_language, detect, has_letters_of


@dataclass(frozen=True)
class TextLanguage:
    """The language of a text, and how it was found."""

    language: str
    source: str  # "row", "batch", "voice", "script Latin" (or another script), "model"
    parts: Sequence[tuple[str, str]]  # the languages of its parts, and the parts
    other_script: str = ""  # the script of a text without a letter in which its given language is written


def language_of(text: str, row_text: str, given: Mapping[str, str | None], spec: ModelSpec) -> TextLanguage:
    """The language of a text.

    Args:
        text: of a passage.
        row_text: that of all passages of its row; decides if the passage has no letters.
        given: the languages of the row, the batch and the voice, by these names and in this order.
        spec: the model, of whose languages one is taken if none is given.
    """
    for source, language in given.items():
        if language:
            # A language in the row is meant for this text, such as Hindi in Latin letters.
            is_clash = source in ("batch", "voice") and not has_letters_of(text, language)
            other_script = detect(text, spec.languages)[1] if is_clash else ""
            return TextLanguage(language, source, [(language, text)], other_script)
    language, script = detect(text, spec.languages)
    if not script:
        language, script = detect(row_text, spec.languages)
    if not script:
        language = default_language(spec.languages)
        return TextLanguage(language, "model", [(language, text)])
    return TextLanguage(language, f"script {script}", language_parts(text, language, spec.languages))


def clash_note(found: TextLanguage) -> str:
    """The note on a row whose text is not in the script of its language."""
    return (
        f"The text is in {found.other_script} script, but was read in {found.language!r}, the language of the "
        f"{found.source}."
    )


def clash_warnings(rows: Mapping[tuple[str, str, str], int]) -> list[str]:
    """Warnings for a batch. ``rows``: (language, source, script) → the number of rows."""
    return [
        f"{'1 row is' if count == 1 else f'{count} rows are'} in {script} script, but read in {language!r}, the "
        f"language of the {source}; give such rows a language of their own, or remove that of the {source}."
        for (language, source, script), count in sorted(rows.items())
    ]


def languages_summary(found: Iterable[tuple[str, str]]) -> str:
    """The number of rows in each language, the most frequent first: "en (script Latin): 40, de (row): 2".

    Args:
        found: the language of each row, and its source.
    """
    counts: dict[tuple[str, str], int] = {}
    for pair in found:
        counts[pair] = counts.get(pair, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{language} ({source}): {rows:,}" for (language, source), rows in ordered)

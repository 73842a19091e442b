"""Untrusted texts in metadata, which the UI and Dagster's own commands show: without control characters."""

from collections.abc import Mapping

import dagster as dg

from f5_pipeline.display.characters import visible

Cell = str | int | float | bool | None


def safe_record(cells: Mapping[str, Cell]) -> dg.TableRecord:
    """A row of a table."""
    return dg.TableRecord({name: visible(cell) if isinstance(cell, str) else cell for name, cell in cells.items()})


def safe_texts(texts: Mapping[str, str]) -> dict[str, str]:
    """Texts by their names in the metadata."""
    return {visible(name): visible(text) for name, text in texts.items()}

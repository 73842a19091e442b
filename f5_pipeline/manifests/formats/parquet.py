"""Parquet manifests, read in batches of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from f5_pipeline.manifests.csv_file import Unreadable
from f5_pipeline.manifests.formats.reading import ManifestRow, ReadOptions, cell_text


def parquet_rows(data: bytes, options: ReadOptions) -> Iterator[ManifestRow]:
    """The rows of a manifest whose column ``text`` has strings; other columns may have any type."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        header = options.columns.canonical(list(file.schema_arrow.names))
        _check_text_type(file.schema_arrow.types[header.index("text")])
        batches = (
            [column.to_pylist() for column in batch.columns] for batch in file.iter_batches(4096, use_threads=False)
        )
        records = (values for columns in batches for values in zip(*columns, strict=True))
        for number, values in enumerate(records, start=1):
            yield ManifestRow(number, {name: cell_text(value) for name, value in zip(header, values, strict=True)})
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = f"cannot be read as Parquet: {str(error).splitlines()[0][:200].rstrip('.')}."
        raise Unreadable(reason, "Write the file again.") from None


def _check_text_type(arrow_type: Any) -> None:
    import pyarrow.types as types

    arrow_type = arrow_type.value_type if types.is_dictionary(arrow_type) else arrow_type
    if not (types.is_string(arrow_type) or types.is_large_string(arrow_type) or types.is_string_view(arrow_type)):
        raise Unreadable(f"has a column 'text' of type {arrow_type}, not text.", "Write it as strings.")

"""Chunk spans as the text in a clip's file."""

from __future__ import annotations

import pytest

from f5_pipeline.results.chunk_spans import ChunkSpan, decode_spans, encode_spans

SPANS = (ChunkSpan(12, 0.25, 3.5), ChunkSpan(0, 3.5, 3.5), ChunkSpan(7, 4.1, 3600.1234))


@pytest.mark.parametrize("spans", [(), SPANS[:1], SPANS])
def test_decoding_returns_the_encoded_spans(spans: tuple[ChunkSpan, ...]) -> None:
    assert decode_spans(encode_spans(spans)) == spans


def test_times_are_rounded_to_a_tenth_of_a_millisecond() -> None:
    assert encode_spans([ChunkSpan(3, 1 / 3, 2 / 3)]) == "[[3,0.3333,0.6667]]"


@pytest.mark.parametrize(
    "text", ["", "three words", "{}", "null", "7", "[1,2,3]", "[[1,2]]", "[[1,2,3,4]]", '[["a",0,1]]', None, 0.5]
)
def test_foreign_text_has_no_spans(text: object) -> None:
    assert decode_spans(text) == ()

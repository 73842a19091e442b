"""Manifest files in the forms that people, spreadsheets and programs write."""

from __future__ import annotations

import contextlib
import io
import json
import random

import pytest

from f5_pipeline.errors import BadManifest
from f5_pipeline.manifests.formats.reading import ManifestRow, ReadOptions
from f5_pipeline.manifests.rows import read_rows


def rows(data: bytes | str, format: str = "csv") -> list[ManifestRow]:
    return list(read_rows(data.encode() if isinstance(data, str) else data, format, "m"))


def cells(data: bytes | str, format: str = "csv") -> list[dict[str, str]]:
    return [dict(row.cells) for row in rows(data, format)]


def parquet(table: dict[str, list[object]], **options: object) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table(table), sink, **options)
    return sink.getvalue()


AB = [{"text": "A", "voice": "x"}, {"text": "B", "voice": "y"}]


@pytest.mark.parametrize(
    "data",
    [
        "text,voice\nA,x\nB,y\n",
        "text,voice\nA,x\nB,y",
        "text,voice\r\nA,x\r\nB,y\r\n",
        "text,voice\rA,x\rB,y\r",
        "\ufefftext,voice\nA,x\nB,y\n",
        "\ufeff\ufefftext,voice\nA,x\nB,y\n",
        "text;voice\nA;x\nB;y\n",
        "text\tvoice\nA\tx\nB\ty\n",
        "sep=;\ntext;voice\nA;x\nB;y\n",
        '"text","voice"\n"A","x"\n"B","y"\n',
        " Text , VOICE \nA,x\nB,y\n",
        "\n\ntext,voice\nA,x\nB,y\n\n\n",
        "text,voice,\nA,x,\nB,y,\n",
        "text,voice\nA,x\nB,y\n,\n \n\t\n",
    ],
)
def test_csv_dialects_read_alike(data: str) -> None:
    assert cells(data) == AB


def test_quoted_csv_cells_keep_delimiters_quotes_and_line_breaks() -> None:
    data = 'text,note\n"He said ""no"", and left.","a\nb"\n"x, y; z\t!",\n'
    assert cells(data) == [
        {"text": 'He said "no", and left.', "note": "a\nb"},
        {"text": "x, y; z\t!", "note": ""},
    ]


def test_text_after_a_closing_quote_is_kept() -> None:
    assert cells('text,voice\n"Hello" he said,x\n')[0]["text"] == "Hello he said"


def test_csv_row_numbers_are_those_of_a_spreadsheet() -> None:
    assert [row.number for row in rows("text\nA\n\nB\n")] == [1, 3]
    assert [row.number for row in rows('text\n"A\nA"\nB\n')] == [1, 2]


def test_a_row_with_more_cells_than_the_header_has_a_problem() -> None:
    (row,) = rows("text,voice\nHello, world,x\n")
    assert "3 cells and the header 2" in row.problem
    assert rows("text,voice\nHello,x,,\n")[0].problem == ""
    assert rows("text,voice\nHello\n")[0].cells == {"text": "Hello"}


def test_column_names_are_case_insensitive() -> None:
    assert cells("TEXT,Pause after seconds,NFE-Step,My Column\na,1,2,3\n") == [
        {"text": "a", "pause_after_seconds": "1", "nfe_step": "2", "My Column": "3"}
    ]


def test_a_cell_of_a_megabyte_is_read() -> None:
    assert len(cells("text\n" + "x" * 2**20 + "\n")[0]["text"]) == 2**20


def test_jsonl() -> None:
    data = '{"text": "A", "voice": "x"}\n\n{"voice": "y", "text": "B"}\n'
    assert cells(data, "jsonl") == AB
    assert [row.number for row in rows(data, "jsonl")] == [1, 3]
    assert cells(data.replace("\n", "\r\n"), "jsonl") == AB


def test_jsonl_values_become_text_cells() -> None:
    line = {"text": "é\u2028", "speed": 1.5, "seed": 7, "nfe_step": 16.0, "ok": True, "none": None, "tags": ["a", 1]}
    assert cells(json.dumps(line, ensure_ascii=False), "jsonl") == [
        {
            "text": "é\u2028",
            "speed": "1.5",
            "seed": "7",
            "nfe_step": "16",
            "ok": "true",
            "none": "",
            "tags": '["a", 1]',
        }
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"text": "A"', "is not JSON"),
        ("[1]", "is not a JSON object"),
        ('{"text": ["A"]}', "'text' that is not text"),
        ('{"text": 5}', "'text' that is not text"),
        ('{"text":' * 20_000, "is not JSON"),
    ],
)
def test_a_bad_line_of_jsonl_does_not_stop_the_others(line: str, problem: str) -> None:
    good, bad = rows('{"text": "A"}\n' + line, "jsonl")
    assert good.problem == ""
    assert problem in bad.problem


@pytest.mark.parametrize(
    "data",
    [
        '[{"text": "A", "voice": "x"}, {"text": "B", "voice": "y"}]',
        '\ufeff{"version": 2, "tags": ["a"], "lines": [{"text": "A", "voice": "x"}, {"voice": "y", "text": "B"}]}',
        '{"text": "A", "voice": "x"}\n{"text": "B", "voice": "y"}\n',
    ],
)
def test_json_documents_read_alike(data: str) -> None:
    assert cells(data, "json") == AB
    assert [row.number for row in rows(data, "json")] == [1, 2]


def test_json_objects_may_spell_a_key_differently_but_not_twice() -> None:
    first, second, bad = rows('[{"Text": "A"}, {"text": "B"}, {"text": "C", "TEXT": "D"}]', "json")
    assert (first.cells, second.cells) == ({"text": "A"}, {"text": "B"})
    assert bad.problem == "has two keys for one column"


def test_a_bad_item_of_a_json_array_is_a_bad_row() -> None:
    good, number, text = rows('[{"text": "A"}, 5, {"text": ["B"]}]', "json")
    assert good.problem == ""
    assert "is not a JSON object" in number.problem
    assert "'text' that is not text" in text.problem


def test_ljspeech_lists_have_no_header_and_no_quoting() -> None:
    data = 'LX-1|"Come in," he said, at 5.|"Come in," he said, at five.\nLX-2|No "end|x\n\nLX-3|A|b|c\n'
    first, second, bad = rows(data)
    assert first.cells == {
        "id": "LX-1",
        "text": '"Come in," he said, at 5.',
        "normalized_text": '"Come in," he said, at five.',
    }
    assert (second.number, second.cells["text"]) == (2, 'No "end')
    assert (bad.number, bad.problem) == (4, "has 4 cells, not id|text or id|text|normalised text")


def test_lone_surrogates_in_json_are_replaced() -> None:
    line = '{"text": "a\\ud800b", "\\udc00x": "1", "\\ud83d\\ude00": "2"}'
    assert cells(line, "jsonl") == [{"text": "a\ufffdb", "\ufffdx": "1", "😀": "2"}]


def test_parquet() -> None:
    assert cells(parquet({"text": ["A", "B"], "voice": ["x", "y"]}), "parquet") == AB
    assert cells(
        parquet({"text": ["A"], "seed": [7], "speed": [1.5], "gone": [None], "nan": [float("nan")]}), "parquet"
    ) == [{"text": "A", "seed": "7", "speed": "1.5", "gone": "", "nan": ""}]


def test_parquet_in_many_row_groups_keeps_its_row_numbers() -> None:
    found = rows(parquet({"text": [f"t{i}" for i in range(1, 10_001)]}, row_group_size=3_000), "parquet")
    assert [(row.number, row.cells["text"]) for row in found] == [(i, f"t{i}") for i in range(1, 10_001)]


PAGES = "\ufeff\r\nOne\r\ntwo.\r\n\r\n \r\n  Three.  \r\n\fFour\rfive.\n"


def test_txt_has_one_row_per_paragraph() -> None:
    assert [(row.number, row.cells) for row in rows(PAGES, "txt")] == [
        *((1, {"text": "One\ntwo."}), (2, {"text": "Three."}), (3, {"text": "Four\nfive."}))
    ]


def test_txt_has_one_row_per_line_if_the_settings_say_so() -> None:
    lines = read_rows(PAGES.encode(), "txt", "m", ReadOptions(txt_rows="line"))
    assert [row.cells["text"] for row in lines] == ["One", "two.", "Three.", "Four", "five."]
    lines = read_rows(b"One\n\nTwo\n", "txt", "m", ReadOptions(txt_rows="line"))
    assert [row.number for row in lines] == [1, 3]


@pytest.mark.parametrize(
    ("data", "format", "message"),
    [
        (b"", "csv", "is empty"),
        (b"  \n \n", "csv", "is empty"),
        (b"", "jsonl", "is empty"),
        (b"", "txt", "is empty"),
        (b"", "parquet", "cannot be read as Parquet"),
        (b"text,voice\n", "csv", "has no rows"),
        (b"text,voice\n\n,\n", "csv", "has no rows"),
        (b"voice,words\nx,y\n", "csv", r"no column 'text' \(its columns: 'voice', 'words'\)"),
        (b"Hello there\nHow are you\n", "csv", "no column 'text'"),
        (b"x" * 200_000, "csv", "no column 'text'"),
        (b"text,text\na,b\n", "csv", "two columns named 'text'"),
        (b"text,Text\na,b\n", "csv", "two columns named 'text'"),
        (b'text\n"never closed\nand on\nand on\n', "csv", "quote in line 2 that is never closed"),
        (b'text\nfine\n"never closed', "csv", "quote in line 3 that is never closed"),
        (b'\ntext,note\n"a\nb","never closed\n\n\n', "csv", "quote in line 4 that is never closed"),
        (",".join(["text", *map(str, range(1_000))]).encode(), "csv", "has 1,001 columns"),
        ("text\nfine\nJürgen\n".encode("latin-1"), "csv", "is not UTF-8: line 3 has the byte 0xfc"),
        ("text\nJürgen\n".encode("utf-16"), "csv", "is UTF-16, not UTF-8"),
        (b"PK\x03\x04\x14\x00", "csv", "spreadsheet"),
        (b"text\na\0b\n", "csv", "NUL character in line 2"),
        (b'[{"text": "A"}]', "jsonl", "is a JSON array"),
        (b'{"words": "A"}', "jsonl", r"no column 'text' \(its columns: 'words'\)"),
        (b"not json\nat all\n", "jsonl", "no object with a key 'text'"),
        (b'{"a": [{"text": "A"}], "b": [{"text": "B"}]}', "json", "more than one array of objects: 'a', 'b'"),
        (b'["A", "B"]', "json", "no object with a key 'text'"),
        (b"5", "json", "is JSON without an object"),
        (b'[{"text": "A"}', "json", "is not JSON: .* line 1"),
        (b"[" * 100_000, "json", "nested too deeply"),
        (b"[" + b"1" * 5_000 + b"]", "json", "thousands of digits"),
        (b"word|unknown\nHi.|there\n", "csv", "no column 'text'"),
        (b"PAR1 and then rubbish", "parquet", "cannot be read as Parquet"),
        (parquet({"words": ["A"]}), "parquet", "no column 'text'"),
        (parquet({"text": [1, 2]}), "parquet", "'text' of type int64"),
        (parquet({"text": ["A"]})[:-20], "parquet", "cannot be read as Parquet"),
    ],
)
def test_an_unreadable_file_is_refused_with_reason_and_fix(data: bytes, format: str, message: str) -> None:
    with pytest.raises(BadManifest, match=message) as error:
        rows(data, format)
    assert str(error.value).startswith("Manifest m ")
    assert error.value.fix


def test_a_manifest_has_a_maximum_number_of_rows() -> None:
    assert len(list(read_rows(b"text\na\nb\n", "csv", "m", max_rows=2))) == 2
    with pytest.raises(BadManifest, match="more than 2 rows"):
        list(read_rows(b"text\na\nb\nc\n", "csv", "m", max_rows=2))


def test_corrupted_files_are_read_or_refused() -> None:
    intact = {
        "csv": b'text,voice\n"a ""b"" c",x\nd,"e\nf"\n\n;\t|',
        "jsonl": b'{"text": "A", "n": [1, {"a": 2.5e3}], "z": null}\n{"text": "\\u00e9"}\n',
        "parquet": parquet({"text": ["A", "B"] * 50, "n": list(range(100))}),
        "txt": b"a b\n\nc d\r\n\r\n e",
        "srt": b"1\n00:00:01,000 --> 00:00:02,000\n- a\n- <i>b\n\n22\n00:00:03,000 --> 00:00:04,000\nC: [d]\n",
        "vtt": b"WEBVTT\n\nNOTE a\n\n1\n00:01.000 --> 00:02.000\n<v A>a&amp;b\n\n9\n00:03 --> 00:04\n\xe2\x99\xaa",
        "json": b'{"n": 1, "lines": [{"text": "A"}, {"text": "\\u00e9", "z": null}]}',
        "tab": b'LX-1|He said "no".|x\nLX-2|Bye bye.|y',
    }
    for format, data in intact.items():
        for seed in range(1_000):
            generator, corrupted = random.Random(seed), bytearray(data)
            for _ in range(generator.randrange(1, 6)):
                at = generator.randrange(len(corrupted))
                corrupted[at : at + generator.randrange(3)] = generator.randbytes(generator.randrange(3))
            with contextlib.suppress(BadManifest):
                rows(bytes(corrupted), format)

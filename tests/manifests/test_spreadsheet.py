"""Excel manifests, written with openpyxl."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time
from typing import Any

import openpyxl
import pytest

from f5_pipeline.errors import BadManifest
from f5_pipeline.manifests.formats import spreadsheet
from f5_pipeline.manifests.formats.reading import ManifestRow
from tests.manifests.test_rows import cells, rows


def xlsx(table: list[list[Any]], change: Callable[[openpyxl.Workbook], None] = lambda workbook: None) -> bytes:
    workbook, file = openpyxl.Workbook(), io.BytesIO()
    for values in table:
        workbook.active.append(values)
    change(workbook)
    workbook.save(file)
    return file.getvalue()


def test_values_are_read_as_excel_shows_them() -> None:
    values = {
        "text": 'One,\n"two"; 3.',
        "id": 7,
        "speed": 1.0,
        "seed": 12345678901,
        "share": 0.1 + 0.2,
        "day": date(2024, 3, 4),
        "at": datetime(2024, 3, 4, 5, 6),
        "time": time(5, 6),
        "done": True,
        "none": None,
        "escaped": "a_x000D_b_xD800_",
    }
    assert cells(xlsx([list(values), list(values.values())]), "xlsx") == [
        {
            "text": 'One,\n"two"; 3.',
            "id": "7",
            "speed": "1",
            "seed": "12345678901",
            "share": "0.3",
            "day": "2024-03-04",
            "at": "2024-03-04 05:06:00",
            "time": "05:06:00",
            "done": "true",
            "none": "",
            "escaped": "a\rb\ufffd",
        }
    ]


def test_blank_rows_count_and_cells_beside_the_table_are_ignored() -> None:
    table = [[], [None, " "], ["text", None, "voice", None], ["A", "x", "f2", None, "beside"], [], ["B"], [None, "y"]]
    assert rows(xlsx(table), "xlsx") == [
        ManifestRow(1, {"text": "A", "voice": "f2"}),
        ManifestRow(3, {"text": "B", "voice": ""}),
        ManifestRow(4, {"text": "", "voice": ""}),
    ]


def test_the_first_visible_sheet_is_read() -> None:
    def hide_first(workbook: openpyxl.Workbook) -> None:
        workbook.create_sheet("lines").append(["text"])
        workbook["lines"].append(["Hi."])
        workbook.active.sheet_state = "hidden"
        workbook.active = workbook["lines"]

    assert cells(xlsx([["words"], ["no"]], hide_first), "xlsx") == [{"text": "Hi."}]


def test_all_rows_of_a_merged_range_have_its_value_except_for_texts() -> None:
    def merge(workbook: openpyxl.Workbook) -> None:
        for area in ("A2:A4", "B3:B4", "C2:C3", "A6:B6"):
            workbook.active.merge_cells(area)

    table = [
        ["voice", "text", "id"],
        ["f2", "A", "x"],
        ["", "B", ""],
        ["", "C", "y"],
        ["m1", "D", "z"],
        ["f2"],
        ["", "E"],
    ]
    found = [(row.cells["voice"], row.cells["text"], row.cells["id"]) for row in rows(xlsx(table, merge), "xlsx")]
    assert found == [
        ("f2", "A", "x"),
        ("f2", "B", "x"),
        ("f2", "", "y"),
        ("m1", "D", "z"),
        ("f2", "", ""),
        ("", "E", ""),
    ]


def test_a_failed_formula_in_place_of_a_text_is_a_bad_row() -> None:
    good, bad = rows(xlsx([["text", "note"], ["Hi.", "#N/A"], ["#REF!", ""]]), "xlsx")
    assert (good.problem, good.cells["note"]) == ("", "#N/A")
    assert "the error #REF!" in bad.problem


def test_two_distant_cells_need_neither_memory_nor_time() -> None:
    def put_far_cell(workbook: openpyxl.Workbook) -> None:
        workbook.active["XFD1048576"] = "x"

    with pytest.raises(BadManifest, match="more than 500,000 rows"):
        rows(xlsx([["text"], ["Hi."]], lambda workbook: workbook.active.__setitem__("A1048576", "x")), "xlsx")
    assert len(rows(xlsx([["text"], ["Hi."]], put_far_cell), "xlsx")) == 1


def test_a_file_that_unpacks_to_more_than_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "_MAX_UNPACKED_BYTES", 1 << 20)
    with pytest.raises(BadManifest, match=r"larger than 1 MiB when it is unpacked \(1 MiB\)"):
        rows(xlsx([["text"], *[["word " * 2_000]] * 10, *[[f"{n} " * 1_000] for n in range(500)]]), "xlsx")


def with_sheet(data: bytes, change: Callable[[str], str]) -> bytes:
    """A workbook with the XML of its sheet changed."""
    source, target = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for name in source.namelist():
            text = source.read(name).decode()
            file.writestr(name, change(text) if name.endswith("sheet1.xml") else text)
    return target.getvalue()


def test_entities_that_expand_without_end_are_refused() -> None:
    steps = (f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    entities = f'<!DOCTYPE x [<!ENTITY a0 "ha">{"".join(steps)}]>'
    data = with_sheet(xlsx([["text"], ["Hi."]]), lambda sheet: entities + sheet.replace("Hi.", "&a9;"))
    with pytest.raises(BadManifest, match="cannot be read as xlsx"):
        rows(data, "xlsx")


def test_a_wrong_area_in_the_file_hides_no_rows() -> None:
    data = with_sheet(xlsx([["text"], ["A"], ["B"]]), lambda sheet: sheet.replace("A1:A3", "A1:A2"))
    assert cells(data, "xlsx") == [{"text": "A"}, {"text": "B"}]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cannot be read as xlsx"),
        (b"id,text\n", "cannot be read as xlsx"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), r"cannot be read as xlsx .* without a password"),  # .xls, or encrypted
        (xlsx([]), "no column 'text'"),
        (xlsx([["text"]]), "has no rows"),
        (xlsx([["words"], ["Hi."]]), "no column 'text'"),
        (xlsx([["text", *range(1_000)], ["Hi."]]), "has 1,001 columns"),
    ],
)
def test_an_unreadable_workbook_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(BadManifest, match=message):
        rows(data, "xlsx")


def test_corrupted_workbooks_are_read_or_refused() -> None:
    source = zipfile.ZipFile(io.BytesIO(xlsx([["text", "n", "d"], *[["A", 1.5, date(2024, 1, n)] for n in (1, 2)]])))
    for seed in range(300):
        generator, target = random.Random(seed), io.BytesIO()
        broken = generator.choice(source.namelist())
        with zipfile.ZipFile(target, "w") as file:
            for name in source.namelist():
                data = bytearray(source.read(name))
                for _ in range(generator.randrange(1, 4) if name == broken else 0):
                    at = generator.randrange(len(data))
                    data[at : at + generator.randrange(20)] = generator.randbytes(generator.randrange(3))
                file.writestr(name, bytes(data))
        with suppress(BadManifest):
            rows(target.getvalue(), "xlsx")

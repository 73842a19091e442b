"""Quotes in csv manifests: those that take in other rows are refused; line breaks inside a text are not."""

from __future__ import annotations

import csv
import io
import random

import pytest

from f5_pipeline.errors import BadManifest
from tests.manifests.test_rows import cells, rows

#: Files in which a quote takes in other rows, and the line of the quote.
SWALLOWED = [
    ('id|voice|text\n1|x|"Come in,\n2|x|said he.\n3|x|"It is late,\n4|x|Bye.\n', 2),  # closed by the next quote
    ('id|voice|text\n1|x|One.\n2|x|"Come in,\n3|x|and sit down."\n4|x|Bye.\n', 3),  # well-formed CSV
    ('id\tvoice\ttext\n1\tx\t"Come in,\n2\tx\tand sit down."\n', 2),
    ('id;voice;text\n1;x;"Come in,\n2;x;and sit; down."\n', 2),  # with an unquoted delimiter in the text
    ('id,voice,text\n1,x,"Come in,\n2,x,and sit, please,\n3,x,by the fire."\n', 2),
    ('id,voice,text\na,x,"Come in,\nb,x,"and sit, please"\nc,x,Bye.\n', 2),  # a properly quoted row inside
    ('text,voice\n"Come in,x\nsaid he,x\n"It is late,x\n', 2),  # text first
    ('id,voice,text,note\n1,x,"Come in,,\n2,x,said he,\n3,x,and sat,"\n', 2),  # an empty last cell
    ('\n\nsep=;\nid;voice;text\n1;x;"Come in\n2;x;said he."\n', 5),  # lines before the header count
    ('id|text|note\n1|fine|"a\nb"\n2|"Come in\n3|and sit|"c"\n', 4),  # after a real line break
    ('id, voice, text\n1, x, "Come in,\n2, x, and sit."\n', 2),  # a blank after each delimiter
    ('id|voice|text\r\n1|x|"Come in,\r\n2|x|and sit."\r\n', 2),
    ('id,text,voice\n1,"Come in,x\n2,and sit.",x\n', 2),  # the text in the middle
    ('text,voice\n"Come in,x\nand sit.",x\n', 2),
    ('id,text\nline 1,"Come in\nline 2,and sit."\n', 2),  # ids with blanks
]


@pytest.mark.parametrize(("data", "line"), SWALLOWED)
def test_a_quote_that_takes_in_other_rows_is_refused_with_its_line(data: str, line: int) -> None:
    with pytest.raises(BadManifest, match=f"has a quote in line {line} that is not closed in its row"):
        rows(data)


#: Files with a line break in a text, and the text.
LINE_BREAKS = [
    (
        'id,voice,text\n1,x,"Halt, said he, and sat.\nYes, sir, he said."\n',
        "Halt, said he, and sat.\nYes, sir, he said.",
    ),
    ('text,voice\n"He came in,\nand sat,",x\n', "He came in,\nand sat,"),  # verse
    ('id,text\n1,"Softly,\nslowly,\nsurely"\n', "Softly,\nslowly,\nsurely"),
    ('id,text\n1,"People:\n1,000 men\n2,000 women"\n', "People:\n1,000 men\n2,000 women"),
    (
        'id,voice,text\n1,x,"你好,\n我是小王,今天我在家,再见"\n',
        "你好,\n我是小王,今天我在家,再见",
    ),  # no blanks after commas
    ('id;voice;text\n1;x;"One; two; three.\n\nFour; five."\n', "One; two; three.\n\nFour; five."),
    ('id,text\n1,"Primes:\na,b\nand so on\nand on"\n', "Primes:\na,b\nand so on\nand on"),  # one odd line
    ('id\tvoice\ttext\n1\tx\t"One.\nTwo." \n', "One.\nTwo. "),  # a blank after the quote
    ('text\n"One,\ntwo"\n', "One,\ntwo"),
    ('text,voice\n"One.\nTwo.",x\n', "One.\nTwo."),
    ('speaker,text\nx,"""Yes,"" he said.\n""No,"" she said."\n', '"Yes," he said.\n"No," she said.'),
    ('id,text,voice\n1,"One, two,\nthree, four.",x\n', "One, two,\nthree, four."),
    ('id, text\n1, "One, two,\nthree four, five,\nand six, too."\n', "One, two,\nthree four, five,\nand six, too."),
    ('id|text\n1|"He said ""no"".\nTwice."\n', 'He said "no".\nTwice.'),
    ('id,text\n1,"He said \\"no\\".\nTwice."\n', 'He said "no".\nTwice.'),  # escaped as databases do
    ('id,voice,text,"for him, or her"\n1,x,"Up, up, up,\ndown, down, down",n\n', "Up, up, up,\ndown, down, down"),
]


@pytest.mark.parametrize(("data", "text"), LINE_BREAKS)
def test_a_text_with_line_breaks_is_one_row(data: str, text: str) -> None:
    (row,) = rows(data)
    assert row.cells["text"] == text
    assert row.problem == ""


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ('id, voice, text\n1, x, "Well, I never, said Jim."\n', "Well, I never, said Jim."),
        ('id, voice, text\n1, x, "Well,\nI never."\n', "Well,\nI never."),
        ('id,voice,text\n1,x, "Well, I never, said Jim."\n', "Well, I never, said Jim."),  # only in a row
        ('id;voice;text;note\n1;x;  "One; ""two"""  ; "a"\n', 'One; "two"'),
        ('id|voice|text\n1|x| "Come in," she said.\n2|x|Bye.\n', ' "Come in," she said.'),  # part of the text
        ('id|voice|text\n1|x| "Come in,\n2|x|she said."\n', ' "Come in,'),
        ('id,voice,text,note\n1,x,A path.,"C:\\dir\\"\n', "A path."),  # no quote is escaped
    ],
)
def test_a_blank_before_a_quote_is_forgiven(data: str, text: str) -> None:
    row = rows(data)[0]
    assert (row.cells["id"], row.cells["voice"], row.cells["text"]) == ("1", "x", text)


@pytest.mark.parametrize("delimiter", ",;\t|")
def test_what_a_csv_writer_writes_is_read_back(delimiter: str) -> None:
    """Texts of prose with line breaks, quotes and all delimiters."""
    generator = random.Random(1)
    words = [
        "He",
        "said",
        '"No"',
        "at\nlast,",
        "and;",
        "left\n\n",
        "1,000",
        "3,5",
        "(so",
        "it",
        "was).",
        '"',
        "a|b",
        ";",
    ]
    for _ in range(300):
        texts = [" ".join(generator.choices(words, k=generator.randrange(1, 30))) for _ in range(5)]
        table = [{"id": str(at), "voice": "f2", "text": text.strip(), "note": ""} for at, text in enumerate(texts)]
        file = io.StringIO(newline="")
        writer = csv.DictWriter(file, table[0].keys(), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(table)
        assert cells(file.getvalue()) == table

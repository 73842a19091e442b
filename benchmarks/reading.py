"""How written text is read: accuracy over test cases, and speed in lines a second on one core.

    python -m benchmarks.reading                       the cases of the tests
    python -m benchmarks.reading FOLDER [--failures]   also FOLDER/LANGUAGE/*.txt: one case a line, written~spoken, or
                                                       ~written and on the next lines all spoken forms that are right

The comparison ignores case, punctuation, hyphens, the "and" of English numbers, and "oh" for "zero". A file whose left
side is the spoken one is recognised. Several lines of a file with one written form are alternatives of one case.
"""

from __future__ import annotations

import argparse
import re
import time
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from f5_pipeline.languages.reading import in_words
from f5_pipeline.text.front_end import tidy

_IGNORED = re.compile(r"\b(?:and|oh|o)\b")
_CASES = Path(__file__).parent.parent / "tests" / "languages" / "reading_cases.tsv"

Cases = Mapping[str, set[str]]  # written → the spoken forms that are right


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--failures", action="store_true", help="print each case that differs")
    parser.add_argument("--language", help="only this language")
    arguments = parser.parse_args()
    groups = dict(_committed_cases()) | (dict(_folder_cases(arguments.folder)) if arguments.folder else {})
    totals: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0.0])
    for (name, language), cases in sorted(groups.items()):
        if arguments.language in (None, language):
            result = _score(name, language, cases, arguments.failures)
            totals[language] = [a + b for a, b in zip(totals[language], result, strict=True)]
    for language, (right, count, seconds) in totals.items():
        print(f"{language}: {right:.0f} of {count:.0f}, {count / max(seconds, 1e-9):,.0f} lines/s")


def _committed_cases() -> Iterator[tuple[tuple[str, str], Cases]]:
    if not _CASES.is_file():
        return
    cases: dict[str, dict[str, set[str]]] = defaultdict(dict)
    for line in _CASES.read_text(encoding="utf-8").splitlines()[1:]:
        written, spoken, language, _kind = line.split("\t")
        cases[language].setdefault(written, set()).add(spoken)
    yield from ((("tests", language), by_text) for language, by_text in cases.items())


def _folder_cases(folder: Path) -> Iterator[tuple[tuple[str, str], Cases]]:
    for path in sorted(folder.glob("*/*.txt")):
        pairs = list(_pairs(path.read_text(encoding="utf-8").splitlines()))
        if _signs("".join(left for left, _ in pairs)) < _signs("".join(right for _, right in pairs)):
            pairs = [(right, left) for left, right in pairs]
        cases: dict[str, set[str]] = defaultdict(set)
        for written, spoken in pairs:
            cases[written].add(spoken)
        yield (path.stem.removeprefix("test_cases_"), path.parent.name), cases


def _pairs(lines: list[str]) -> Iterator[tuple[str, str]]:
    """ "written~spoken", or "~written" and the spoken forms on the lines after it."""
    written = ""
    for line in filter(str.strip, lines):
        before, mark, after = line.partition("~")
        if mark and before:
            yield before, after
        elif mark:
            written = after
        elif written:
            yield written, line


def _signs(text: str) -> int:
    return sum(1 for c in text if unicodedata.category(c) in ("Nd", "Nl", "No", "Sc", "Sm", "So", "Po"))


def _score(name: str, language: str, cases: Cases, failures: bool) -> tuple[int, int, float]:
    """Right cases, all cases, and seconds."""
    start = time.perf_counter()
    read = {written: in_words(tidy(written), language) for written in cases}
    seconds = time.perf_counter() - start
    wrong = [(w, read[w]) for w, right in cases.items() if _bare(read[w]) not in {_bare(each) for each in right}]
    print(f"{language} {name}: {len(cases) - len(wrong)} of {len(cases)}")
    if failures:
        for written, ours in wrong:
            print(f"    {written!r}\n      ours  {ours!r}\n      right {' | '.join(sorted(cases[written]))!r}")
    return len(cases) - len(wrong), len(cases), seconds


def _bare(text: str) -> str:
    """The words that count: lower case, letters and digits only, without the words that may be left out."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in text)
    return "".join(_IGNORED.sub(" ", text).replace("zero", " ").split())


if __name__ == "__main__":
    main()

"""Signs that a model cannot say: which can be dropped, and how they are named."""

from __future__ import annotations

import pytest

from f5_pipeline.text.signs import are_signs, dropped_note, without_signs

FAMILY, THUMB, FLAG = "👨\u200d👩\u200d👧", "👍🏽", "🇩🇪"

# text, unsayable characters → the text without them, the signs
DROPPED = [
    ("Well 😀 done 😀!", "😀", "Well   done  !", ["😀"]),
    ("Stop✋now", "✋", "Stop now", ["✋"]),
    (f"a {FAMILY} b", "👨👩👧\u200d", "a   b", [FAMILY]),
    (f"a {FAMILY} b", "👧", "a   b", [FAMILY]),  # a part that cannot be said takes the whole along
    (f"{THUMB}{FLAG}{FLAG}", "👍🇩🇪", "   ", [THUMB, FLAG]),
    ("❤️\u200d🔥 hot", "❤🔥", "  hot", ["❤️\u200d🔥"]),
    ("l\u0335o\u0335st", "\u0335", "lost", ["\u0335"]),  # marks on letters leave no gap
    ("→ 5 % …", "→", "  5 % …", ["→"]),
    # letters, digits and the sign for lost text stay
    ("ж 中 ½ 😀", "ж中½😀", "ж 中 ½  ", ["😀"]),
    ("Caf\ufffd", "\ufffd", "Caf\ufffd", []),
    ("nothing", "😀", "nothing", []),
]


@pytest.mark.parametrize(("text", "unsayable", "kept", "signs"), DROPPED)
def test_unsayable_signs_are_dropped_as_wholes(text: str, unsayable: str, kept: str, signs: list[str]) -> None:
    assert without_signs(text, unsayable) == (kept, signs)


def test_letters_and_lost_text_are_no_signs() -> None:
    assert [are_signs(each) for each in ("😀→", "😀ж", "\ufffd")] == [True, False, False]


def test_a_note_names_signs_with_their_code_points() -> None:
    assert dropped_note(["😀"]) == "Dropped '😀' (U+1F600 GRINNING FACE): the model cannot say it."
    assert dropped_note([FLAG, "→"]) == (
        f"Dropped '{FLAG}' (U+1F1E9 U+1F1EA REGIONAL INDICATOR SYMBOL LETTER D), '→' (U+2192 RIGHTWARDS ARROW): "
        "the model cannot say them."
    )
    assert "and 2 more characters" in dropped_note(list("←↑→↓↔↕↖"))

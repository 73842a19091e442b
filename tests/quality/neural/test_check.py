"""Voice checks of embeddings that are known: two voices at right angles, and mixtures of them."""

from __future__ import annotations

import numpy as np
import pytest

from f5_pipeline.quality.neural.check import VoiceCheck, VoiceComparison
from f5_pipeline.quality.neural.mel import Floats
from f5_pipeline.quality.thresholds import Thresholds
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.clips import ClipInfo
from f5_pipeline.results.neural_records import NeuralRecord

ANNA, BEN = np.eye(2, 256, dtype=np.float32)
REFERENCES = {"anna": ANNA, "ben": BEN}


def record(*windows: Floats) -> NeuralRecord:
    return NeuralRecord(np.stack(windows), 3.0)


def check(*windows: Floats, voices: tuple[str, ...] = ("anna", "ben")) -> VoiceCheck:
    """The check of a clip in anna's voice."""
    (found,) = VoiceComparison({name: REFERENCES[name] for name in voices}).check([("anna", record(*windows))])
    assert found is not None
    return found


def reason(found: VoiceCheck, thresholds: Thresholds | None = None) -> str:
    return Judge(thresholds or Thresholds()).clip(ClipInfo("", "", 0, 0.0, {}), voice=found).reason


def test_a_clip_in_its_own_voice_is_ok() -> None:
    found = check(*[ANNA] * 4)
    assert (found.similarity, found.margin, found.consistency) == (1.0, 1.0, 1.0)
    assert reason(found) == ""
    assert "nearest_voice" not in found.columns()


def test_a_clip_in_another_voice_is_suspect() -> None:
    found = check(BEN, BEN)
    assert (found.similarity, found.margin) == (0.0, -1.0)
    assert "the voice ben" in reason(found)
    assert found.columns()["nearest_voice"] == "ben"


def test_another_voice_at_the_end_only_is_suspect() -> None:
    """The mean of the clip is anna's."""
    found = check(*[ANNA] * 4, BEN, BEN)
    assert found.similarity > 0.8
    assert found.margin == -1.0
    assert found.consistency == 0.0


def test_a_voice_that_is_alike_is_not_compared() -> None:
    """In a batch with dozens of voices, one of them is often nearer by chance."""
    twin = (0.9 * ANNA + np.sqrt(1 - 0.81) * BEN).astype(np.float32)
    (found,) = VoiceComparison({"anna": ANNA, "twin": twin}).check([("anna", record(twin, twin))])
    assert found is not None
    assert (found.margin, found.nearest, found.similarity) == (None, "", pytest.approx(0.9))


def test_a_voice_that_changes_in_a_batch_of_one_voice_is_suspect() -> None:
    found = check(ANNA, ANNA, BEN, BEN, voices=("anna",))
    assert (found.margin, found.nearest) == (None, "")
    assert "changes" in reason(found)


def test_a_single_window_is_too_short_for_a_verdict() -> None:
    found = check(BEN)
    assert (found.margin, found.consistency, reason(found)) == (None, None, "")
    assert "similarity 0.00" in reason(found, Thresholds(min_speaker_similarity=0.5))


def test_a_chunk_is_compared_with_the_chunks_in_its_voice_only() -> None:
    chunks = [("anna", record(ANNA, ANNA)), ("ben", record(BEN, BEN)), ("anna", record(BEN, BEN)), ("anna", None)]
    first, second, third, fourth = VoiceComparison({"anna": ANNA, "ben": BEN}).check(chunks)
    assert first is not None
    assert second is not None
    assert third is not None
    assert fourth is None
    assert (first.consistency, second.consistency, third.consistency) == (0.0, None, 0.0)


def test_the_checks_of_chunks_join_to_means_and_the_worst() -> None:
    one, other = check(*[ANNA] * 6), check(BEN, BEN)
    joined = VoiceCheck.joined([one, other])
    assert (joined.windows, joined.similarity, joined.margin, joined.consistency) == (8, 0.75, -1.0, 1.0)
    assert joined.nearest == "ben"


def test_a_voice_without_a_reference_is_not_checked() -> None:
    assert VoiceComparison(REFERENCES).check([("carl", record(ANNA))]) == (None,)


def test_a_mos_has_no_limit_unless_one_is_set() -> None:
    found = check(ANNA, ANNA)
    assert reason(found) == ""
    assert reason(found, Thresholds(min_mos=3.5)) == "sounds poor (MOS 3.0)"
    assert found.columns()["mos"] == pytest.approx(3.0)


def test_without_networks_their_thresholds_do_not_change_the_verdicts() -> None:
    """So that an index of a machine without them holds, also after this check was added."""
    strict = Thresholds(min_mos=4.0, min_speaker_margin=0.1)
    assert Judge(strict).fingerprint == Judge().fingerprint
    assert Judge(strict, networks="neural-1").fingerprint != Judge(networks="neural-1").fingerprint

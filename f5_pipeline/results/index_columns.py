"""What the columns of an index mean, in its order. The user's own columns follow them.

A column of a measure is there if a clip of the batch has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Column(NamedTuple):
    """A column of the index file."""

    type: str  # as in Parquet
    meaning: str


COLUMNS: Mapping[str, Column] = {
    "id": Column("string", "Name of the line, unique in the batch."),
    "text": Column("string", "Text as in the manifest."),
    "spoken_text": Column("string", "Text that the model speaks, after the text front end."),
    "voice": Column("string", "Voice of the line, or of its first passage."),
    "model": Column("string", "Name of the model in the catalogue."),
    "status": Column(
        "string", "ok, suspect (listen to it), failed (no speech) or rejected (the row cannot be spoken)."
    ),
    "reason": Column("string", "Why the line is not ok."),
    "key": Column("string", "Clip key: the digest of all that shapes the sound. Empty without a clip."),
    "clip": Column("string", "Clip in the store: 24 kHz, mono, FLAC."),
    "audio_seconds": Column("double", "Duration of the clip."),
    "seed": Column("int64", "Seed of the noise that the clip was made from."),
    "attempts": Column("int64", "Takes that were spoken, of which the best was kept."),
    "level_db": Column("double", "Level of the sounding parts, relative to full scale."),
    "peak_db": Column("double", "Largest sample, relative to full scale."),
    "clipped_share": Column("double", "Share of samples at full scale, 0 to 1."),
    "silence_share": Column("double", "Share of silence in the duration, 0 to 1."),
    "longest_gap_seconds": Column("double", "Longest silence between two sounds."),
    "lead_silence_seconds": Column("double", "Silence before the first sound."),
    "tail_silence_seconds": Column("double", "Silence after the last sound."),
    "duration_ratio": Column("double", "Time from first to last sound over the expected duration."),
    "chars_per_second": Column("double", "Letters and digits per second, from first to last sound."),
    "noise_floor_db": Column("double", "Constant noise, relative to the speech."),
    "end_db": Column("double", "Level of the last 10 ms, relative to the speech: high if the clip is cut off."),
    "noise_seconds": Column("double", "Longest stretch with the flat spectrum of noise."),
    "steady_seconds": Column("double", "Longest unchanging sound: a hum, a drone, noise."),
    "repeat_score": Column("double", "Similarity of two consecutive stretches, 0 to 1: high if speech is repeated."),
    "overrun_seconds": Column("double", "Speech after the start of the next line, of lines with times."),
    "missing_words": Column("int64", "Words of the text that are not spoken."),
    "repeated_words": Column("int64", "Words that are spoken twice."),
    "added_words": Column("int64", "Words that are not in the text."),
    "leaked_words": Column("int64", "Words of the voice's reference before the text."),
    "misheard_words": Column("int64", "Words that the recogniser has understood as others."),
    "word_error_rate": Column("double", "All word errors over the words of the text."),
    "heard_text": Column("string", "Transcript of the clip."),
    "recogniser": Column("string", "Speech recogniser that transcribed the clip."),
    "speaker_similarity": Column("double", "Similarity of the voice to its reference recording, 0 to 1."),
    "speaker_margin": Column("double", "The similarity, less that to the nearest other voice, of the worst part."),
    "speaker_consistency": Column("double", "Lowest similarity of a part of the line to the rest, 0 to 1."),
    "nearest_voice": Column("string", "Voice of the batch that the clip, or a part of it, is nearer to."),
    "mos": Column("double", "Predicted mean opinion score, 1 (bad) to 5 (excellent)."),
    "penalty": Column("double", "Total excess over the thresholds: 0 if all measures are good."),
    "pieces": Column("string", "Clip keys of the chunks that the clip is joined from."),
    "other_takes": Column("string", "Clip keys of the takes that were not kept."),
    "clip_bytes": Column("int64", "Size of the clip's file."),
    "clip_etag": Column("string", "ETag of the clip's file."),
    "cached": Column("bool", "True if the clip was in the store before the run."),
    "language": Column("string", "Language in which the text was normalised."),
    "language_source": Column("string", "What the language follows from: the row, the batch, the voice, …"),
    "notes": Column("string", "How the row was read, where that may surprise."),
}

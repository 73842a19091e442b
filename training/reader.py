"""Trains the text encoder alone, from spelling to phonemes, with CTC (Graves et al., 2006). Takes minutes.

The transformer's training starts from this encoder and keeps its phoneme head as an auxiliary head until the end.

Shapes: B samples, L characters, P phonemes.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from f5_pipeline.storage.partial import atomic_write
from training.clips import Clips
from training.network import build, load_weights, read_characters
from training.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor, nn

PER_CHARACTER = 2  # the most phonemes of a character ("x" has two)
_HELD = 400  # clips for validation only
_EVERY = 120  # batches between two reports


def naming_head(width: int, phonemes: int) -> nn.Linear:
    """The head that predicts up to ``PER_CHARACTER`` phonemes for each character."""
    from torch import nn

    return nn.Linear(width, PER_CHARACTER * phonemes)


def spelling_loss(named: Tensor, present: Tensor, spellings: list[Any], phonemes: int) -> Tensor:
    """The CTC loss of a batch.

    Args:
        named: (B, L, 2 P) outputs of the head.
        present: (B, L) bool, True for characters.
        spellings: the phonemes of each sample.
        phonemes: P; phoneme 0 is the blank.
    """
    import torch
    from torch.nn.functional import ctc_loss

    scores = named.float().unflatten(2, (PER_CHARACTER, phonemes)).flatten(1, 2).log_softmax(-1).transpose(0, 1)
    targets = torch.from_numpy(np.concatenate(spellings).astype(np.int64)).to(named.device)
    counts = torch.tensor([len(spelling) for spelling in spellings], device=named.device)
    return ctc_loss(scores, targets, PER_CHARACTER * present.sum(1), counts, blank=0, zero_infinity=True)


def train(recipe: Recipe, arch: dict[str, Any], tokens: int, phonemes: int, clips: Clips, path: Path) -> float:
    """Train, write the encoder's and the head's weights to ``path``, and return the phoneme error rate on unseen clips.

    If the recipe starts from a model, its encoder is frozen, because the rest of that model depends on it; only the
    head is trained.
    """
    import torch

    torch.manual_seed(recipe.seed)
    draw = np.random.default_rng([recipe.seed, 1])
    network = build(arch, tokens)
    if recipe.start:
        load_weights(network, Path(recipe.start))
        network.text_embed.requires_grad_(False)
    text = network.text_embed.to(recipe.device)
    head = naming_head(arch["text_dim"], phonemes).to(recipe.device)
    learning = [parameter for part in (text, head) for parameter in part.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=recipe.reader.rate, betas=(0.9, 0.98), weight_decay=0.01)
    held, trained = np.split(draw.permutation(len(clips)), [min(_HELD, len(clips) // 10)])
    for number in range(recipe.reader.batches):
        progress = number / recipe.reader.batches
        cosine = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * progress))
        optimiser.param_groups[0]["lr"] = recipe.reader.rate * min(1, (number + 1) / 100) * cosine
        spelt, spellings = _batch(clips, _similar_lengths(draw, clips, trained, recipe.reader.lines))
        read, present = read_characters(text, spelt.to(recipe.device))
        loss = spelling_loss(head(read), present, spellings, phonemes)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimiser.step()
        if (number + 1) % _EVERY == 0:
            print(f"reader {number + 1}/{recipe.reader.batches}: loss {loss.item():.3f}", flush=True)
    with torch.no_grad():
        error = _error_rate(text, head, clips, held, phonemes, recipe.device)
    with atomic_write(path) as file:
        torch.save({"text": text.state_dict(), "head": head.state_dict(), "phoneme_error_rate": error}, file)
    return error


def _similar_lengths(draw: np.random.Generator, clips: Clips, among: Any, count: int) -> Any:
    """Clips with texts of similar length, so that a batch has little padding."""
    some = draw.choice(among, min(len(among), 6 * count), replace=False)
    some = some[np.argsort([len(clips.spelling(int(clip))[0]) for clip in some], kind="stable")]
    return some[int(draw.integers(0, max(1, len(some) - count + 1))) :][:count]


def _batch(clips: Clips, chosen: Any) -> tuple[Tensor, list[Any]]:
    """(B, L) int64 characters, -1 after the end; and the phonemes of each clip."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    spelt = [clips.spelling(int(clip)) for clip in chosen]
    tokens = pad_sequence([torch.from_numpy(text) for text, _ in spelt], batch_first=True, padding_value=-1)
    return tokens, [spelling for _, spelling in spelt]


def _error_rate(text: Any, head: Any, clips: Clips, held: Any, phonemes: int, device: str) -> float:
    """The edit distance between predicted and spoken phonemes, per spoken phoneme."""
    import torch
    from rapidfuzz.distance import Levenshtein

    wrong = total = 0
    for clip in held:
        tokens, (spelling,) = _batch(clips, [clip])
        read, _ = read_characters(text, tokens.to(device))
        best = head(read)[0].unflatten(1, (PER_CHARACTER, phonemes)).flatten(0, 1).argmax(-1)
        named = [int(phoneme) for phoneme in torch.unique_consecutive(best) if phoneme]
        wrong += Levenshtein.distance(named, spelling.tolist())
        total += len(spelling)
    return wrong / max(1, total)

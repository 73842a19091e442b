"""An untrained Whisper model in the format of faster-whisper. Its transcripts are random letters."""

from __future__ import annotations

from pathlib import Path

LANGUAGES = ("en", "de")


def build(folder: Path) -> Path:
    """Write the model, about 1 MB, to ``folder / "model"``; return that folder."""
    import ctranslate2
    import torch
    import transformers

    tokenizer = _tokenizer()
    ids = {name: tokenizer.token_to_id(f"<|{name}|>") for name in ("startoftranscript", "endoftext", "notimestamps")}
    source = folder / "source"
    transformers.WhisperTokenizerFast(tokenizer_object=tokenizer).save_pretrained(source)
    tokenizer.save(str(source / "tokenizer.json"))
    transformers.WhisperFeatureExtractor().save_pretrained(source)
    torch.manual_seed(0)
    sizes = {"d_model": 32, "num_mel_bins": 80, "vocab_size": tokenizer.get_vocab_size()}
    for part in ("encoder", "decoder"):
        sizes |= {f"{part}_layers": 1, f"{part}_attention_heads": 2, f"{part}_ffn_dim": 64}
    end = ids["endoftext"]
    tokens = {"decoder_start_token_id": ids["startoftranscript"], "eos_token_id": end, "pad_token_id": end}
    model = transformers.WhisperForConditionalGeneration(
        transformers.WhisperConfig(
            **sizes, **tokens, bos_token_id=end, suppress_tokens=[], begin_suppress_tokens=[220, end]
        )
    )
    generation = model.generation_config
    generation.alignment_heads, generation.no_timestamps_token_id = [[0, 0]], ids["notimestamps"]
    letters = [tokenizer.token_to_id(letter) for letter in "abcdefghijklmnopqrstuvwxyz"]
    generation.suppress_tokens = sorted(set(range(256)) - set(letters))
    with torch.no_grad():
        model.get_output_embeddings().weight[letters] *= 5  # so that its output is letters
    generation.begin_suppress_tokens = [end]
    generation.lang_to_id = {f"<|{name}|>": tokenizer.token_to_id(f"<|{name}|>") for name in LANGUAGES}
    model.save_pretrained(source)
    files = ["tokenizer.json", "preprocessor_config.json"]
    ctranslate2.converters.TransformersConverter(str(source), copy_files=files).convert(str(folder / "model"))
    return folder / "model"


def _tokenizer():  # type: ignore[no-untyped-def]
    """A byte tokenizer with the special tokens of Whisper."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: id for id, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    before = ("endoftext", "startoftranscript", *LANGUAGES)
    after = ("translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps")
    tokenizer.add_special_tokens([AddedToken(f"<|{name}|>", special=True) for name in (*before, *after)])
    tokenizer.add_tokens([AddedToken(f"<|{step * 0.02:.2f}|>", special=False) for step in range(1501)])
    return tokenizer

"""What has been spoken: clip keys, the clip store, the index of a batch, and read-only look-ups.

Importable without torch, f5_tts and dagster: a look-up cannot start a synthesis, by construction.
"""

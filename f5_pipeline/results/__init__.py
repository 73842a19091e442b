"""Results: clip keys, the clip store, the index of a batch, leases, garbage collection and read-only look-ups.

Imports without torch, f5_tts and dagster, so that a look-up cannot start a synthesis.
"""

"""The F5-TTS engine: loads upstream's modules and runs them over packed batches.

torch, f5_tts and vocos are imported inside functions only, so that the rest of the package starts fast and can be
imported where they are not installed. Not here: planning chunks (``engine.duration``) and anything that needs a store.
"""

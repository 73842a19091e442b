"""The F5-TTS engine: loading upstream's modules and running them over packed batches.

torch, f5_tts and vocos are imported inside functions only, so that everything else starts fast and can be
imported where they are not installed. What to say and how is decided elsewhere; nothing here knows a store.
"""

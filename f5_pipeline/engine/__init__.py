"""The speech engine: its protocol, duration and chunk planning, and F5-TTS itself (``f5``)."""

"""From a manifest to clips: reading, checking, planning and speaking. torch and f5_tts only inside ``f5.py``."""

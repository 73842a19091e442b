"""The asset checks of ``generated_audio``."""

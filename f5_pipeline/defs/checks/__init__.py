"""Asset checks of the generated audio."""

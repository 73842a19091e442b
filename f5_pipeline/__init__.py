"""f5-pipeline: batch text-to-speech with F5-TTS, orchestrated by Dagster."""

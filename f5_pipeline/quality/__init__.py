"""Quality of clips: signal measures, thresholds, verdicts and the word check (``asr``)."""

"""From a text as people write it to what a model is given, and its cutting into chunks. Pure; no files, no torch."""

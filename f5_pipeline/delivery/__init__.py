"""From clips to the files a user asked for: audio files, sections, subtitles, listening page. Starts no synthesis."""

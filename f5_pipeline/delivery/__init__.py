"""From clips to what the user asked for: named files, sections, the listening page. Speaks nothing."""

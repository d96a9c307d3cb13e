"""British, by a 24-hour clock: slots are entered that way."""

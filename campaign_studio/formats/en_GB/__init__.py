"""British English with a 24-hour clock, in which time slots are entered."""

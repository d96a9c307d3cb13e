"""British English with the 24-hour clock, because time slots are entered in it."""

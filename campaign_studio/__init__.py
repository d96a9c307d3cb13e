"""The foundations that every app stands on, and the composition of the whole."""

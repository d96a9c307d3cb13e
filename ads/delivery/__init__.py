"""Which ads show in a place at a moment, and why an ad doesn't."""

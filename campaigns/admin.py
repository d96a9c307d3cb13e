"""Fill in."""

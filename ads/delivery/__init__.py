"""What shows here and now, and why not."""

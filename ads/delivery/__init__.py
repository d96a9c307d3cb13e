"""What shows here and now, and why not (5-delivery)."""

"""Several objects at once: planned, applied in one transaction, and undone (docs/adr/0017)."""

"""The database engine that starts the embedded server on first use; Django looks for its `base` module."""

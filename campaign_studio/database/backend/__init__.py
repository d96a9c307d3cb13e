"""The database engine that checks connections of the pool without asking; Django looks for its `base` module."""

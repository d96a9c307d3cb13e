"""The connection to PostgreSQL, its time limits, and what happens when it is unavailable."""

"""The embedded PostgreSQL from a Python package, for installations without a server of their own."""

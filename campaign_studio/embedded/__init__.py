"""The PostgreSQL that comes along in a Python package, for whoever has no server of their own."""

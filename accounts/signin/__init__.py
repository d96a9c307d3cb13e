"""Signing in: passwords, the second factor, attempts that are counted, and the sessions that follow."""

"""Signing in: passwords, two-factor authentication, counting of failed attempts, and sessions."""

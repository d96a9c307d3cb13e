"""The REST API for users, roles, signing in, sessions, the audit log and the history of objects."""

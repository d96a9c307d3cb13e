"""REST: people, roles, signing in, sessions, the audit log and the history of every object."""

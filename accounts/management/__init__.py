"""Commands for users, sessions and the audit log."""

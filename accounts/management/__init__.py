"""Commands about people, sessions and the audit log."""

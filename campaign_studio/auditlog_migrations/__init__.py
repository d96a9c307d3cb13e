"""The migrations of the audit library, for a project whose entries live in `accounts.AuditEntry`."""

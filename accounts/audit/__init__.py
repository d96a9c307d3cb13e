"""The audit log: what is recorded, what proves that it is whole, and how it is read."""

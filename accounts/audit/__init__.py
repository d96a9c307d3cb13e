"""The audit log: what it records, how its entries are sealed and verified, and how it is read."""

"""Which PostgreSQL this process talks to, how long anything may take there, and what happens when it is gone."""

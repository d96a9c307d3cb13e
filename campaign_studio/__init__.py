"""The foundations of all apps, and the composition of the project."""

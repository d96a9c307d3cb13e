"""The foundations that all apps build on, and the project's settings and URLs."""

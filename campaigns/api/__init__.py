"""The REST API of campaigns and their targeting."""

"""Formats that differ from the framework's for British English."""

TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"

"""The formats that differ from Django's for British English."""

TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"

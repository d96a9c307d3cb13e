"""The formats that differ from Django's for British English."""

TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
# Besides YYYY-MM-DD. Forms fill in the first; the last two are how pages show dates.
DATE_INPUT_FORMATS = ["%d/%m/%Y", "%d.%m.%Y", "%d/%m/%y", "%d %b %Y", "%d %B %Y"]

"""Lists of names as people type and paste them, and as forms show them."""

import re

# Between names: commas, semicolons, tabs and line breaks, also those of full width.
SEPARATORS = ",;\t\n\r，；、،\u2028\u2029"
# A name in quotation marks may contain separators; straight marks within it are doubled, as in CSV (RFC 4180).
QUOTED = r'"(?P<straight>(?:[^"]|"")*)"|“(?P<english>[^”]*)”|„(?P<german>[^“]*)“|«(?P<french>[^»]*)»'
NAME = re.compile(rf"\s*(?:(?:{QUOTED})\s*(?=[{SEPARATORS}]|$)|(?P<plain>[^{SEPARATORS}]*))(?:[{SEPARATORS}]|$)")
# What a name can't contain, or start with, without quotation marks.
SPECIAL = re.compile(rf"[{SEPARATORS}]|^[\"“„«]")


def split_names(text: str) -> list[str]:
    """The names in a text: `10115;10117` has two, and `"Washington, D.C."` is one. Blank ones are left out."""
    names, reached = [], 0
    while reached < len(text) and (match := NAME.match(text, reached)):
        name = next(part for part in match.groups() if part is not None)
        names.append((name.replace('""', '"') if match["straight"] is not None else name).strip())
        reached = match.end()
    return [name for name in names if name]


def join_names(names: list[str]) -> str:
    """The names as a text, one in each line, from which `split_names` returns the same names."""
    return "\n".join('"' + name.replace('"', '""') + '"' if SPECIAL.search(name) else name for name in names)

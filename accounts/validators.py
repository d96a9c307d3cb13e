"""Rules for passwords and names beyond those of the framework."""

import unicodedata

from django.core.exceptions import ValidationError
from django.core.management import get_commands
from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext

# Sign-in refuses anything longer before it spends time on hashing, so no password may be longer.
LONGEST_PASSWORD = 1024


class LongestPasswordValidator:
    """Refuses passwords longer than sign-in accepts."""

    def validate(self, password: str, user: object = None) -> None:
        if len(password) > LONGEST_PASSWORD:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return ngettext(
            "Your password can have at most %(limit)d character.",
            "Your password can have at most %(limit)d characters.",
            LONGEST_PASSWORD,
        ) % {"limit": LONGEST_PASSWORD}


# Control characters, format characters such as those that reverse the direction of text, and line separators.
HIDDEN = {"Cc", "Cf", "Zl", "Zp", "Co", "Cs"}
# What would break a name into lines, or turn around what stands after it: controls, line separators, and the
# characters that set a direction (not the marks of Hebrew and Arabic).
BREAKING = {"Cc", "Zl", "Zp"}
TURNING = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
# Letters and symbols without a shape: the fillers of Hangul and the blank of Braille. A name of them would be empty.
BLANKS = {"\u115f", "\u1160", "\u2800", "\u3164", "\uffa0"}
# Some languages spell names with these two: the zero-width non-joiner and joiner.
JOINERS = {"\u200c", "\u200d"}
# Without these, a name can't be mistaken for a URL.
OF_URLS = {"/", ":"}
# Scripts that are written together, by the first word of their characters' names.
WRITTEN_TOGETHER = ({"CJK", "HIRAGANA", "KATAKANA"}, {"CJK", "HANGUL"}, {"CJK", "BOPOMOFO"})
# Letters that look like another letter of their own script: dotless i and j, and the phonetic a, g and i.
LOOKALIKES = {"ı", "ȷ", "ɑ", "ɡ", "ɩ"}
# And whole groups of such letters, by a part of their names: `ᴏ` looks like `o`, and the click `ǀ` like `l`.
KINDS_OF_LOOKALIKES = ("LATIN LETTER SMALL CAPITAL ", " CLICK")
# Usernames that histories and filters use for something else.
RESERVED = {"anonymous", "me", "nobody", "none", "null", "system", "undefined"}


def validate_person_name(value: str) -> None:
    """Raise ValidationError for a name with hidden characters, or one that could be read as a URL."""
    for character in value:
        is_hidden = unicodedata.category(character) in HIDDEN or character in BLANKS
        if is_hidden and character not in JOINERS:
            raise _hidden_character(character)
    # In compatibility form, so that full-width characters count too.
    if OF_URLS & set(unicodedata.normalize("NFKC", value)):
        raise ValidationError(gettext("A name can't contain a slash or a colon. Remove it."), code="name_like_a_url")


def validate_title(value: str) -> None:
    """Raise ValidationError for the name of a thing, such as a campaign, that wouldn't stay on its line or be seen."""
    for character in value:
        if unicodedata.category(character) in BREAKING or character in TURNING:
            raise _hidden_character(character)
    if value and all(_is_invisible(character) for character in value):
        raise ValidationError(
            gettext("This name has no visible characters. Use at least one letter, digit or symbol."),
            code="invisible_name",
        )


def _is_invisible(character: str) -> bool:
    """Whether the character alone draws nothing. Accents need a letter."""
    category = unicodedata.category(character)
    return category in HIDDEN or category[0] in "MZ" or character in BLANKS


def _hidden_character(character: str) -> ValidationError:
    return ValidationError(
        gettext("This name contains a hidden character or a line break (%(code)s). Remove it."),
        code="hidden_character",
        params={"code": f"U+{ord(character):04X}"},
    )


def validate_username(value: str) -> None:
    """Raise ValidationError for a username that could be mistaken for another one, or for a command."""
    if value and not any(character.isalnum() for character in value):
        raise ValidationError(gettext("Use at least one letter or digit."), code="username_without_letters")
    plain = unicodedata.normalize("NFKC", value)
    if plain != value:
        raise ValidationError(
            gettext("This username contains variants of usual characters. Use “%(plain)s”."),
            code="username_with_variants",
            params={"plain": plain},
        )
    scripts = sorted({_script(character) for character in value if _has_script(character)})
    if len(scripts) > 1 and not any(set(scripts) <= together for together in WRITTEN_TOGETHER):
        raise ValidationError(
            gettext("This username mixes letters of several alphabets: %(scripts)s. Use one."),
            code="username_of_several_scripts",
            params={"scripts": get_text_list([script.title() for script in scripts], gettext("and"))},
        )
    if lookalikes := {character for character in value if _is_lookalike(character)}:
        raise ValidationError(
            gettext("“%(letter)s” looks like another letter. Use that one."),
            code="username_with_lookalike",
            params={"letter": min(lookalikes)},
        )
    if value.lower() in RESERVED or value.lower().replace("-", "_") in get_commands():
        raise ValidationError(
            gettext("“%(value)s” is reserved. Choose another username."),
            code="username_reserved",
            params={"value": value},
        )


def _is_lookalike(character: str) -> bool:
    name = unicodedata.name(character, "")
    return character in LOOKALIKES or any(kind in name for kind in KINDS_OF_LOOKALIKES)


def _has_script(character: str) -> bool:
    """Whether the character is a letter, or a digit other than 0 to 9, which go with every script."""
    return character.isalnum() and character not in "0123456789"


def _script(character: str) -> str:
    """The script of a letter or digit, such as `CYRILLIC`.

    `unicodedata` doesn't have Unicode's property Script, nor does any of the pinned packages. The names of characters
    begin with it.
    """
    words = unicodedata.name(character, "").removeprefix("EXTENDED ").replace("-", " ").split()
    script = words[0] if words else ""
    return "CJK" if script == "IDEOGRAPHIC" else script

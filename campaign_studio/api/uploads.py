"""The parser of uploads: one file with a few short fields."""

import hashlib
from collections.abc import Mapping
from typing import IO, Any

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ErrorDetail, ParseError, ValidationError
from rest_framework.parsers import BaseParser, DataAndFiles, MultiPartParser

from campaign_studio.api.parsers import limits_of

NOT_A_FORM = _("This is not a form with a file (multipart/form-data). Send the file in the field “file”.")
ONCE = _("Send this field once.")
NO_TEXT = _("This is not valid text.")


class UploadParser(BaseParser):
    """`multipart/form-data` (RFC 7578), within the limits that other bodies of the URL have. Long files wait on disk.

    Names and types of files are whatever the client says, and mean nothing. Raises BodyTooLarge (413) before it reads
    such a body, ParseError (400) for what isn't a form, ValidationError (400) naming a field that is sent twice.
    """

    media_type = "multipart/form-data"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> "DataAndFiles[Any, Any]":
        limits_of(parser_context or {})
        try:
            found = MultiPartParser().parse(stream, media_type, parser_context)
        except (ParseError, MultiPartParserError, SuspiciousOperation, UnicodeError) as error:
            raise ParseError(NOT_A_FORM, "not_a_form") from error
        problems: dict[str, list[ErrorDetail]] = {}
        names = {*found.data, *found.files}
        for name in names:
            values = [*found.data.getlist(name), *found.files.getlist(name)]
            if len(values) > 1:
                problems[str(name)] = [ErrorDetail(str(ONCE), "repeated_key")]
            elif any(isinstance(value, str) and "\x00" in value for value in values) or "\x00" in name:
                problems[str(name).replace("\x00", "\ufffd")] = [ErrorDetail(str(NO_TEXT), "not_text")]
        if problems:
            raise ValidationError(problems)
        return found


def digest_of(value: object) -> str:
    """A file as a part of the fingerprint of its request: its hash. Raises TypeError for anything else."""
    if not isinstance(value, UploadedFile):
        raise TypeError(f"{type(value).__name__} is neither JSON nor a file.")
    value.seek(0)
    digest = hashlib.file_digest(value, "sha256").hexdigest()
    value.seek(0)
    return digest

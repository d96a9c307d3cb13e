"""Deletes uploaded files that no ad uses any more.

A file is used if its name is in a URL or in the content of an ad as it is now. What ads showed earlier isn't kept:
histories show its URL, and its hash proves what it was.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import NamedTuple

from django.core.files.storage import default_storage
from django.db import connection, transaction

from ads.models.media_files import THUMBNAILS, MediaFile
from ads.uploads.keeping import lock

AT_ONCE = 200
# In SQL, because the URLs of all ads are searched once for all files.
USED = r"""
WITH used AS MATERIALIZED (
    SELECT DISTINCT found[1] AS content_hash
    FROM ads, regexp_matches(
        concat_ws(' ', media_url, media_content, ad_advertiser_forwarding_url),
        '/media/(?:thumbnails/)?([0-9a-f]{64})\.', 'g'
    ) AS found
)
"""
MARK = """
UPDATE media_files SET unused_since = CASE WHEN unused_since IS NULL THEN %s END
WHERE (content_hash IN (SELECT content_hash FROM used)) = (unused_since IS NOT NULL)
"""
DELETE = """
DELETE FROM media_files
WHERE content_hash = ANY(%s) AND content_hash NOT IN (SELECT content_hash FROM used)
"""


class Pruned(NamedTuple):
    """How many files have been deleted, and how many wait because no ad uses them at present."""

    deleted: int
    waiting: int


def prune(now: datetime, *, grace: timedelta) -> Pruned:
    """Delete the files that have been unused for longer than `grace`, as earlier calls have noted.

    A file that is uploaded or used while this runs is kept.
    """
    with connection.cursor() as cursor:
        cursor.execute(USED + MARK, [now])
    deleted = sum(_delete_rows(now - grace))
    _delete_files_without_a_row()
    return Pruned(deleted, MediaFile.objects.filter(unused_since__isnull=False).count())


def _delete_rows(before: datetime) -> Iterator[int]:
    """Delete the rows in batches, each locked and compared with the ads once more."""
    while True:
        with transaction.atomic():
            old = MediaFile.objects.filter(unused_since__lt=before).select_for_update(skip_locked=True)
            keys = list(old.values_list("pk", flat=True)[:AT_ONCE])
            if not keys:
                return
            with connection.cursor() as cursor:
                cursor.execute(USED + DELETE, [keys])
                yield cursor.rowcount
            # An ad has come to use them since they were noted.
            MediaFile.objects.filter(pk__in=keys).update(unused_since=None)


def _delete_files_without_a_row() -> None:
    """Delete what remains in the storage after rows have been deleted, and after crashes."""
    names = list(_names())
    for start in range(0, len(names), AT_ONCE):
        hashes = {name: PurePosixPath(name).stem for name in names[start : start + AT_ONCE]}
        known = set(MediaFile.objects.filter(pk__in=hashes.values()).values_list("pk", flat=True))
        for name, content_hash in hashes.items():
            if content_hash in known:
                continue
            with transaction.atomic():
                # Someone who uploads this file holds the lock until the row can be seen.
                lock(content_hash)
                if not MediaFile.objects.filter(pk=content_hash).exists():
                    default_storage.delete(name)


def _names() -> Iterator[str]:
    """The files in the storage that are named by a hash."""
    for folder in ("", THUMBNAILS):
        try:
            _folders, files = default_storage.listdir(folder)
        except FileNotFoundError:
            continue
        yield from (f"{folder}{name}" for name in files if len(PurePosixPath(name).stem) == 64)

"""Uploaded files on their way into the storage, in the transaction of the row that names them.

They are written at the very end, before COMMIT: a dry run or a refusal leaves nothing behind, and a row that is
committed has its file. What a crash in between leaves is deleted by `prune_media`.
"""

import hashlib
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from threading import BoundedSemaphore

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from accounts.models import User
from ads.models.media_files import MediaFile
from ads.uploads import mp4, webm
from ads.uploads.kinds import MP4, WEBM, Kind, Prepared, check_bytes, check_pixels, kind_of
from campaign_studio.writing import before_commit

# Decoding takes up to a hundred megabytes, which each thread would keep for itself. So one of them decodes for all.
_decoding = ThreadPoolExecutor(1, "decoding")
# In seconds: less than a transaction may idle (DATABASE_IDLE_TRANSACTION_TIMEOUT).
LONGEST_WAIT = 20
# A file is in memory while it is checked, some of it twice, so only so many are at the same time.
_in_memory = BoundedSemaphore(4)
VIDEOS = {MP4: mp4, WEBM: webm}


class StorageUnavailableError(Exception):
    """The storage of uploaded files doesn't answer, or is full."""


class BusyError(Exception):
    """Too many files are uploaded at once."""


@contextmanager
def in_memory() -> Iterator[None]:
    """A turn to have an uploaded file in memory. Raises BusyError if it doesn't come."""
    if not _in_memory.acquire(timeout=LONGEST_WAIT):
        raise BusyError
    try:
        yield
    finally:
        _in_memory.release()


def keep(content: bytes, *, position: str | None, by: User) -> tuple[MediaFile, bool]:
    """The row of an uploaded file, and whether it is new. The same file again gets the same row.

    `position` is where it is meant to show; None if it only has to fit somewhere. Raises ValidationError for what isn't
    accepted, BusyError, and StorageUnavailableError, perhaps not before the transaction ends.
    """
    kind = kind_of(content)
    check_bytes(kind, len(content))
    sent_hash = hashlib.sha256(content).hexdigest()
    known = MediaFile.objects.select_for_update(no_key=True).filter(sent_hash=sent_hash).first()
    if known and is_stored(known.name):
        check_pixels(known.media_type, known.width, known.height, position)
        return _used_again(known), False
    prepared = _prepare(kind, content, position)
    content_hash = hashlib.sha256(prepared.content).hexdigest()
    lock(content_hash)
    file = MediaFile.objects.select_for_update(no_key=True).filter(pk=content_hash).first()
    is_new = file is None
    if file is None:
        file = MediaFile.objects.create(
            content_hash=content_hash,
            sent_hash=sent_hash,
            extension=kind.extension,
            media_type=kind.media_type,
            width=prepared.width,
            height=prepared.height,
            bytes=len(prepared.content),
            has_thumbnail=prepared.thumbnail is not None,
            created_by=by,
        )
    file.to_write = {file.name: prepared.content}
    if file.thumbnail_name and prepared.thumbnail:
        file.to_write[file.thumbnail_name] = prepared.thumbnail
    if not before_commit(_write, file):
        _write([file])
    return _used_again(file), is_new


def lock(content_hash: str) -> None:
    """Let nobody else write or delete the file with this hash until the transaction ends."""
    number = int.from_bytes(bytes.fromhex(content_hash[:16]), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def is_stored(name: str) -> bool:
    """Whether the storage has a file of this name. Raises StorageUnavailableError."""
    try:
        return bool(default_storage.exists(name))
    # Each storage has its own errors.
    except Exception as error:
        raise StorageUnavailableError from error


def check_storage() -> None:
    """Write a file into the storage, read it and delete it. Raises StorageUnavailableError."""
    try:
        name = default_storage.save(f"check-{secrets.token_hex(8)}", ContentFile(b"check"))
        with default_storage.open(name) as file:
            found = file.read()
        default_storage.delete(name)
    except Exception as error:
        raise StorageUnavailableError from error
    if found != b"check":
        raise StorageUnavailableError from ValueError(found)


def _prepare(kind: Kind, content: bytes, position: str | None) -> Prepared:
    if kind not in VIDEOS:
        # Pillow takes memory, and most processes never get a picture.
        from ads.uploads import pictures

        waiting = _decoding.submit(pictures.prepare, kind, content, position)
        try:
            return waiting.result(LONGEST_WAIT)
        except FutureTimeoutError as error:
            waiting.cancel()
            raise BusyError from error
    kept, width, height = VIDEOS[kind].prepare(content)
    check_pixels(kind.media_type, width, height, position)
    return Prepared(kind, kept, width, height)


def _used_again(file: MediaFile) -> MediaFile:
    """Have the time in which an unused file is kept begin anew."""
    if file.unused_since is not None:
        file.unused_since = None
        file.save(update_fields=["unused_since"])
    return file


def _write(files: list[MediaFile]) -> None:
    """Write what the storage doesn't have yet. If that fails, nothing of it stays. The caller has locked the files."""
    begun: list[str] = []
    try:
        for name, content in [pair for file in files for pair in file.to_write.items()]:
            # One that was cut off by a crash is shorter.
            if not (default_storage.exists(name) and default_storage.size(name) == len(content)):
                begun.append(name)
                default_storage.save(name, ContentFile(content))
    except Exception as error:
        _delete(begun)
        raise StorageUnavailableError from error


def _delete(names: list[str]) -> None:
    """Delete what can be deleted: the storage has just failed. `prune_media` deletes the rest."""
    for name in names:
        try:
            default_storage.delete(name)
        except Exception:  # noqa: S112
            continue

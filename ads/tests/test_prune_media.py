"""`prune_media` deletes files that no ad has used for a while, and no others, also while they come into use."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from ads.choices import MediaType
from ads.models import Ad, MediaFile
from ads.tests.factories import AdFactory
from ads.tests.test_uploads import Stored
from ads.tests.uploads import film, picture
from ads.uploads.keeping import keep
from campaign_studio.writing import one_write


def kept(content: bytes, by: User | None = None) -> MediaFile:
    """The row of an uploaded file."""
    with one_write():
        return keep(content, position=None, by=by or UserFactory())[0]


def prune(*, after_days: int = 0) -> str:
    """What the command prints so many days from now."""
    out = StringIO()
    with time_machine.travel(timezone.now() + timedelta(days=after_days), tick=False):
        call_command("prune_media", stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_a_file_is_deleted_when_it_was_unused_for_the_days_of_grace(stored: Stored, settings: Any) -> None:
    settings.MEDIA_GRACE_DAYS = 30
    unused, used = kept(picture()), kept(film())
    in_text, in_link = kept(picture(20, 10)), kept(picture(20, 11))
    AdFactory(ad_type_id="center_left_content_ad", media_type="video", media_url=used.media_url)
    AdFactory(media_content=f'<img src="{in_text.media_url}">', ad_advertiser_forwarding_url=in_link.thumbnail_url)
    others = {used.name, in_text.name, in_link.name}

    # However old it is, the first run only notes it.
    MediaFile.objects.update(created_at=timezone.now() - timedelta(days=400))
    assert prune() == "Deleted 0 unused files.\n1 file is unused and kept for now.\n"
    assert prune(after_days=29) == "Deleted 0 unused files.\n1 file is unused and kept for now.\n"
    assert {unused.name, *others} <= set(stored())

    assert prune(after_days=31) == "Deleted 1 unused file.\n0 files are unused and kept for now.\n"
    assert {name for name in stored() if "/" not in name} == others
    assert len(stored()) == 3 + 2
    assert not MediaFile.objects.filter(pk=unused.pk).exists()
    assert prune(after_days=400) == "Deleted 0 unused files.\n0 files are unused and kept for now.\n"


@pytest.mark.django_db
@pytest.mark.parametrize("again", ["uploaded", "used"])
def test_a_file_that_is_used_or_uploaded_again_gets_all_its_days(again: str, stored: Stored) -> None:
    file = kept(picture())
    prune()
    if again == "uploaded":
        kept(picture())
    else:
        AdFactory(media_type="image", media_url=file.media_url)

    assert prune(after_days=31).startswith("Deleted 0 ")
    Ad.objects.all().delete()
    assert prune(after_days=32).startswith("Deleted 0 ")
    assert prune(after_days=63).startswith("Deleted 1 ")
    assert stored() == {}


@pytest.mark.django_db
def test_what_a_crash_left_is_deleted_and_what_is_no_upload_is_not(stored: Stored, tmp_path: Path) -> None:
    file = kept(picture())
    (tmp_path / "notes.txt").write_bytes(b"mine")
    whole = stored()
    for name in ("a" * 64 + ".png", "thumbnails/" + "a" * 64 + ".webp"):
        (tmp_path / name).write_bytes(b"half")

    prune()

    assert stored() == whole
    assert file.name in whole


@pytest.mark.django_db
def test_without_any_upload_there_is_nothing_to_do(stored: Stored) -> None:
    assert prune() == "Deleted 0 unused files.\n0 files are unused and kept for now.\n"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_held", [True, False])
@pytest.mark.parametrize("moment", ["before it is saved", "before COMMIT"])
def test_a_file_that_comes_into_use_while_it_is_pruned_stays(
    moment: str,
    is_held: bool,
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not is_held:
        monkeypatch.setattr("ads.models.ad.use.hold_upload", lambda ad: None)
    file = kept(picture())
    MediaFile.objects.update(unused_since=timezone.now() - timedelta(days=99))
    ad = AdFactory()
    ad.media_type, ad.media_url = MediaType.IMAGE, file.media_url

    with suppress(ValidationError), transaction.atomic():
        ad.full_clean()
        if moment == "before it is saved":
            in_another_thread(prune)
        ad.save()
        if moment == "before COMMIT":
            in_another_thread(prune)

    is_used, is_there = Ad.objects.filter(media_url=file.media_url).exists(), file.name in stored()
    assert is_used is (moment == "before COMMIT" or not is_held)
    # The control: without the lock, the ad shows a file that is gone.
    assert is_there is (is_held and is_used)
    assert MediaFile.objects.filter(pk=file.pk).exists() is is_there


def in_another_thread(work: Callable[[], Any]) -> None:
    """Do something on a connection of its own, and wait for it."""

    def do() -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(do).result()

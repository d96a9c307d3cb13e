"""`manage.py demo`: the demo data and the server."""

import io
import os
import re
import socket
import subprocess
import sys
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.choices import RoleName
from accounts.models import AuditEntry, User
from accounts.tests.factories import UserFactory
from ads.choices import EVERY_DAY, RATING_LABELS, AdType, MediaType, ModerationStatus
from ads.delivery.engine import decide
from ads.delivery.opportunity import Opportunity
from ads.delivery.readiness import readiness_of
from ads.models import Ad, AdContentRating, AdTimeSlot, AdView, Device
from advertisers.choices import AdvertiserType, ContactType
from advertisers.models import Advertiser, AdvertiserContact
from campaign_studio.demo.driving import drive
from campaign_studio.demo.fleet import DEVICES, keys_file, read_keys
from campaign_studio.demo.people import PASSWORD
from campaign_studio.tests.servers import running
from campaigns.choices import DurationUnit, Status
from campaigns.models import Campaign, CampaignAudienceTargeting


def demo(*options: str) -> str:
    out = io.StringIO()
    call_command("demo", "--no-server", *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def _debug(settings: Any, tmp_path: Path) -> None:
    settings.DEBUG = True
    settings.DATA_DIR = tmp_path


@pytest.mark.django_db
@pytest.mark.usefixtures("_debug")
def test_the_demo_covers_every_choice_and_loading_it_again_changes_nothing() -> None:
    output = demo()

    for role in RoleName.values:
        assert role in output
        assert User.objects.filter(role_id=role).exists()
    assert PASSWORD in output
    assert all(user.check_password(PASSWORD) for user in User.objects.all())
    assert set(Advertiser.objects.values_list("advertiser_type", flat=True)) == set(AdvertiserType.values)
    assert set(AdvertiserContact.objects.values_list("contact_type", flat=True)) == set(ContactType.values)
    assert set(Campaign.objects.values_list("campaign_status", flat=True)) == set(Status.values)
    units = set(Campaign.objects.values_list("campaign_max_view_duration_unit", flat=True))
    assert units == {None, *DurationUnit.values}
    assert set(Ad.objects.values_list("ad_status", flat=True)) == set(Status.values)
    assert set(Ad.objects.values_list("ad_type_id", flat=True)) == set(AdType.values)
    assert set(Ad.objects.values_list("media_type", flat=True)) == set(MediaType.values)
    assert set(Ad.objects.values_list("moderation_status", flat=True)) == set(ModerationStatus.values)
    ratings = set(AdContentRating.objects.values_list("rating_system", "rating_label"))
    assert ratings == {(system, label) for system, labels in RATING_LABELS.items() for label in labels}
    assert Campaign.objects.running_on(timezone.localdate()).count() >= 5
    assert {count for (count,) in Campaign.objects.with_ad_count().values_list("ad_count")} >= {0, 1, 6}
    assert CampaignAudienceTargeting.objects.values("country").distinct().count() >= 6
    assert CampaignAudienceTargeting.objects.filter(cities=[]).exists()
    assert AdTimeSlot.objects.filter(time_slot_end="00:00").exists()
    assert {str(slot) for slot in AdTimeSlot.objects.exclude(weekdays=EVERY_DAY)} == {
        "Mon–Fri 06:30–09:30",
        "Fri,Sat 22:00–00:00",
        "Sat,Sun 00:00–02:00",
    }
    morning = datetime.combine(timezone.localdate(), time(8, 15))
    assert all(decide(Opportunity("DE", morning, city="Berlin", postcode="10115")).shown.values())
    assert {light.light for light in readiness_of(Campaign.objects.all(), at=timezone.now()).values()} == {
        "red",
        "amber",
        "green",
    }

    entries, views, keys = AuditEntry.objects.count(), AdView.objects.count(), keys_file().read_text()
    assert views > 100
    demo()
    assert (AuditEntry.objects.count(), AdView.objects.count()) == (entries, views)
    assert keys_file().read_text() == keys
    assert_the_keys_are_in_the_file(output)


def assert_the_keys_are_in_the_file(output: str) -> None:
    """The output says where the keys of the demo's devices are, and only their owner can read them."""
    assert str(keys_file()) in output.replace("\n", "")
    assert keys_file().stat().st_mode & 0o777 == 0o600
    keys = read_keys(keys_file())
    assert list(keys) == DEVICES
    assert all(Device.objects.authenticate(device_id, key) for device_id, key in keys.items())
    assert not any(key in output for key in keys.values())
    assert set(AdView.objects.values_list("device_id", flat=True)) == set(DEVICES)


@pytest.mark.matrix
@pytest.mark.django_db
@pytest.mark.usefixtures("_debug")
def test_keys_that_the_file_has_lost_are_replaced() -> None:
    demo()
    before = keys_file().read_text()
    keys_file().unlink()

    demo()

    after = read_keys(keys_file())
    assert not any(key in before for key in after.values())
    assert all(Device.objects.authenticate(device_id, key) for device_id, key in after.items())


@pytest.mark.matrix
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_debug")
def test_a_car_of_the_demo_asks_a_real_server_and_reports_views() -> None:
    demo()
    before = AdView.objects.count()
    credentials = keys_file().read_text().splitlines()[0]
    now = timezone.now()

    with running(1) as (url,):
        first, again = drive(url, credentials, now=now), drive(url, credentials, now=now)

    assert first["accepted"] > 0
    assert (first["duplicates"], first["rejected"]) == (0, [])
    assert (again["accepted"], again["duplicates"]) == (0, first["accepted"])
    assert AdView.objects.count() == before + first["accepted"]


def test_a_car_of_the_demo_ends_when_its_server_does(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("car:key\n")
    nobody = str(os.getpid() + 1)
    command = [
        sys.executable,
        "-m",
        "campaign_studio.demo.driving",
        "http://127.0.0.1:9",
        str(tmp_path / "keys"),
        nobody,
    ]

    ended = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, timeout=60)  # noqa: S603 - our own

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


@pytest.mark.matrix
@pytest.mark.django_db
@pytest.mark.usefixtures("_debug")
def test_every_picture_exists_and_keeps_its_approval_when_the_port_changes() -> None:
    demo()
    pictures = Ad.objects.filter(media_url__contains="/static/demo/")
    assert pictures.count() >= 10
    for ad in pictures:
        found = finders.find(ad.media_url.split("/static/")[1])
        assert found, ad.media_url
        assert Path(found).stat().st_size < 40_000
    before = dict(pictures.values_list("pk", "moderation_status"))

    demo("--port", "8123")

    assert all(ad.media_url.startswith("http://127.0.0.1:8123/") for ad in pictures.all())
    assert dict(pictures.values_list("pk", "moderation_status")) == before


@pytest.mark.django_db
@pytest.mark.usefixtures("_debug")
def test_loading_again_keeps_what_users_have_changed() -> None:
    demo()
    today = timezone.localdate()
    ad = Ad.objects.get(ad_name="Night drive")
    ad.ad_name = "Night ride"
    ad.full_clean()
    ad.save()
    Ad.objects.get(ad_name="Rooms for tonight").delete()
    felix = User.objects.get(username="felix")
    felix.username = "felix.okafor"
    felix.full_clean()
    felix.save()
    revived = Campaign.objects.get(campaign_name="Hybrid farewell")
    revived.campaign_name, revived.campaign_start_date, revived.campaign_end_date = "Hybrid again", today, today
    revived.move_to("draft")
    entries = AuditEntry.objects.count()

    demo()

    assert AuditEntry.objects.count() == entries
    assert Campaign.objects.get(pk=revived.pk).campaign_status == "draft"


@pytest.mark.django_db
@pytest.mark.usefixtures("_debug")
def test_a_database_with_a_user_of_the_same_name_is_not_changed() -> None:
    UserFactory(username="MARA")

    with pytest.raises(CommandError, match=r"conflicts with.*username is taken.*--reset"):
        demo()
    assert User.objects.count() == 1


@pytest.mark.matrix
@pytest.mark.django_db
@pytest.mark.usefixtures("_debug")
def test_a_later_review_is_kept_when_the_port_changes() -> None:
    demo()
    moderator = User.objects.get(username="ines")
    ad = Ad.objects.get(ad_name="34 cents")
    ad.reject(moderator, at=timezone.now(), note="The price is out of date.")
    pending = Ad.objects.get(ad_name="20 minutes")
    pending.send_back_to_review()

    demo("--port", "8123")

    moved = Ad.objects.get(pk=ad.pk)
    assert moved.media_url == "http://127.0.0.1:8123/static/demo/sunset-top.png"
    assert (moved.moderation_status, moved.moderated_by, moved.moderated_at, moved.moderation_note) == (
        "rejected",
        moderator,
        ad.moderated_at,
        "The price is out of date.",
    )
    assert Ad.objects.get(pk=pending.pk).moderation_status == ModerationStatus.PENDING


@pytest.mark.django_db
@pytest.mark.usefixtures("_debug")
@pytest.mark.parametrize("port", ["0", "65536", "99999", "-1", "http"])
def test_an_impossible_port_is_refused(port: str) -> None:
    with pytest.raises(CommandError, match="enter a whole number from 1 to 65535"):
        demo(f"--port={port}")
    assert not User.objects.exists()


@pytest.mark.matrix
@pytest.mark.django_db
@pytest.mark.usefixtures("_debug")
def test_scale_adds_campaigns_only_once() -> None:
    demo()
    base = Campaign.objects.count()

    demo("--scale", "2")
    assert Campaign.objects.count() == 2 * base
    entries = AuditEntry.objects.count()
    demo("--scale", "2")
    assert AuditEntry.objects.count() == entries

    Campaign.objects.get(campaign_name="Fleet campaign 000003").delete()
    demo("--scale", "2")
    assert Campaign.objects.count() == 2 * base


@pytest.mark.django_db
def test_without_debug_nothing_is_created() -> None:
    with pytest.raises(CommandError, match="DEBUG"):
        demo()
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("_debug")
def test_a_scale_below_one_is_refused() -> None:
    with pytest.raises(CommandError, match="--scale"):
        demo("--scale", "0")


@pytest.mark.django_db
@pytest.mark.usefixtures("_debug")
def test_a_port_in_use_is_reported_before_anything_is_created() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} is in use"):
            call_command("demo", "--port", str(port))
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("_debug")
def test_reset_refuses_a_database_that_is_not_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")
    from django.db import connection

    monkeypatch.setitem(connection.settings_dict, "ENGINE", "django.db.backends.postgresql")
    with pytest.raises(CommandError, match="embedded database only"):
        demo("--reset")
    assert re.search(r"django", connection.settings_dict["ENGINE"])


@pytest.mark.django_db
@pytest.mark.usefixtures("_debug")
def test_the_demo_becomes_the_production_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PUBLIC_URL", "http://localhost:1")
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "1")
    started: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda program, arguments: started.append(arguments))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)
    cars: list[list[str]] = []
    monkeypatch.setattr("subprocess.Popen", lambda command, **options: cars.append(command))

    call_command("demo", "--port", str(port), stdout=io.StringIO())

    assert started[0][1:6] == ["-m", "granian", "--interface", "asginl", "campaign_studio.asgi:application"]
    assert started[0][started[0].index("--port") + 1] == str(port)
    assert os.environ["PUBLIC_URL"] == f"http://127.0.0.1:{port}"
    assert os.environ["MALLOC_MMAP_THRESHOLD_"] == "1048576"
    # The server imports the project from its working directory.
    assert Path.cwd() == settings.BASE_DIR
    assert cars[0][-3:] == [f"http://127.0.0.1:{port}", str(keys_file()), str(os.getpid())]


def test_an_unreachable_database_leads_to_doctor() -> None:
    environment = {
        **os.environ,
        "READ_DOT_ENV": "false",
        "DEBUG": "true",
        "SECRET_KEY": "tests-only-secret-key-of-more-than-32-characters",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
        "DATABASE_POOL_TIMEOUT": "1",
        "DJANGO_SETTINGS_MODULE": "campaign_studio.settings",
    }
    ended = subprocess.run(
        [sys.executable, "manage.py", "demo", "--no-server"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert "manage.py doctor" in ended.stderr
    assert "Traceback" not in ended.stderr

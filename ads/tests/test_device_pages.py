"""The console's pages for devices: a key is shown once, and no page, session or log has it afterwards."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from ads.models import Device
from ads.tests.factories import AdFactory, DeviceFactory
from ads.tests.screens import report, view
from campaign_studio.tests.bodies import as_device
from campaign_studio.tests.browser import form_data

pytestmark = pytest.mark.django_db

LIST = reverse("admin:ads_device_changelist")
ADD = reverse("admin:ads_device_add")
HERE = "/api/delivery?country=DE"


@pytest.fixture
def browser(cast: Cast, console_for: Callable[[User | None], Client]) -> Client:
    """The browser of an application administrator."""
    return console_for(cast.app_admin)


def page_of(device: Device, page: str = "change") -> str:
    return reverse(f"admin:ads_device_{page}", args=[quote(device.pk)])


def shown_key(answer: Any) -> str:
    """The key on the page, which must not be stored by the browser."""
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    (key,) = re.findall(r"Device [\w-]+:([\w-]{43})</code>", answer.content.decode())
    return str(key)


def add(browser: Client, **typed: str) -> Any:
    return browser.post(ADD, form_data(browser.get(ADD)) | {"device_id": "car-17", "fleet": "Taxis"} | typed)


def test_a_new_devices_key_is_shown_once(browser: Client) -> None:
    answer = add(browser)
    key = shown_key(answer)
    device = Device.objects.get()

    assert as_device(device, key).get(HERE).status_code == 200
    assert list(get_messages(answer.wsgi_request)) == []
    sessions = [session.get_decoded() for session in Session.objects.all()]
    pages = [browser.get(address) for address in (LIST, page_of(device), page_of(device, "history"), LIST)]
    pages.append(browser.get(page_of(device, "history"), {"as_of": "2999-01-01"}, follow=True))
    for text in [str(sessions), str(browser.cookies), *(page.content.decode() for page in pages)]:
        assert key not in text
        assert device.key_hash not in text


def test_a_past_state_of_a_device_shows_neither_key_nor_hash(browser: Client, device: Device) -> None:
    answer = browser.get(page_of(device, "history"), {"as_of": f"{device.created_at:%Y-%m-%d}"})

    assert "Taxis" in answer.content.decode()
    assert device.key_hash not in answer.content.decode()


def test_sending_the_form_again_shows_no_key(browser: Client) -> None:
    sent = form_data(browser.get(ADD)) | {"device_id": "car-17", "fleet": "Taxis"}
    shown_key(browser.post(ADD, sent))
    again = browser.post(ADD, sent)

    assert "A device with this ID already exists." in again.content.decode()
    assert "Authorization" not in again.content.decode()
    assert Device.objects.get().version == 1


@pytest.mark.parametrize("device_id", ["a:b", "a b", "../x", ""])
def test_an_impossible_id_is_refused_beside_its_field(browser: Client, device_id: str) -> None:
    answer = add(browser, device_id=device_id)

    assert "device_id" in answer.context["adminform"].form.errors
    assert not Device.objects.exists()


def test_a_key_is_rotated_only_after_a_confirmation(browser: Client, device: Device, cast: Cast) -> None:
    question = browser.get(page_of(device, "rotate_key"))
    assert "The current key stops working at once." in question.content.decode()
    assert as_device(device).get(HERE).status_code == 200

    key = shown_key(browser.post(page_of(device, "rotate_key")))

    assert as_device(device).get(HERE).status_code == 401
    assert as_device(device, key).get(HERE).status_code == 200
    entry = AuditEntry.objects.latest("pk")
    assert (entry.changes, entry.actor_id) == ({"key_hash": ["[changed]", "[changed]"]}, cast.app_admin.pk)


def test_the_id_of_a_device_cannot_be_changed(browser: Client, device: Device) -> None:
    sent = form_data(browser.get(page_of(device)))
    assert "device_id" not in sent

    browser.post(page_of(device), sent | {"device_id": "other", "fleet": "Buses"})

    assert Device.objects.values_list("device_id", "fleet").get() == (device.pk, "Buses")


def test_devices_are_activated_and_deactivated_in_bulk(browser: Client, device: Device) -> None:
    off: Device = DeviceFactory(is_active=False)
    chosen = {"_selected_action": [device.pk, off.pk]}

    answer = browser.post(LIST, {"action": "deactivate_selected", **chosen})
    assert [str(message) for message in get_messages(answer.wsgi_request)] == ["1 device is now inactive."]
    assert not Device.objects.filter(is_active=True).exists()

    browser.post(LIST, {"action": "activate_selected", **chosen})
    assert Device.objects.filter(is_active=True).count() == 2
    assert AuditEntry.objects.filter(object_pk=off.pk, action=AuditEntry.Action.UPDATE).count() == 1


def test_a_device_with_views_is_not_deleted(browser: Client, device: Device) -> None:
    report(as_device(device), view(AdFactory()))

    answer = browser.post(page_of(device, "delete"), {"post": "yes"})

    assert [str(message) for message in get_messages(answer.wsgi_request)] == [
        "This device can't be deleted: its views have been counted. Deactivate it instead."
    ]
    assert Device.objects.exists()


def test_ids_with_special_characters_have_pages(browser: Client) -> None:
    device: Device = DeviceFactory(device_id="a_5Fb~+=@c.d")

    for page in ("change", "history", "delete", "rotate_key"):
        assert browser.get(page_of(device, page)).status_code == 200, page
    assert page_of(device) in browser.get(LIST).content.decode()
    entry = AuditEntry.objects.get(object_pk=device.pk)
    assert page_of(device) in browser.get(reverse("admin:accounts_auditentry_change", args=[entry.pk])).content.decode()
    answer = browser.post(page_of(device), form_data(browser.get(page_of(device))) | {"fleet": "Buses"})
    assert (answer.status_code, answer["Location"]) == (302, LIST)


def test_the_list_takes_as_many_queries_for_many_devices_as_for_one(
    browser: Client, device: Device, django_assert_max_num_queries: Any
) -> None:
    browser.get(LIST)
    with django_assert_max_num_queries(9) as one:
        browser.get(LIST)
    DeviceFactory.create_batch(20)
    with django_assert_max_num_queries(len(one)):
        assert "car-" in browser.get(LIST).content.decode()


def test_the_list_finds_devices_by_id_and_fleet(browser: Client) -> None:
    DeviceFactory(device_id="car-one", fleet="Taxis")
    DeviceFactory(device_id="bus-one", fleet="Coaches")

    def found(word: str) -> list[str]:
        return [row.pk for row in browser.get(LIST, {"q": word}).context["cl"].result_list]

    assert (found("COACH"), found("car"), found("one")) == (["bus-one"], ["car-one"], ["bus-one", "car-one"])

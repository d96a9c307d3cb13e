"""The car in docs/devices.md works as it is printed, against a real server."""

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from ads.api.reporting import INVALID, ReportedViewSerializer
from ads.choices import AdType
from ads.models import AdView
from ads.reporting.reports import Refusal
from ads.tests.delivery_scene import showing
from ads.tests.screens import car
from campaign_studio.tests.servers import running

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "devices.md").read_text()


def programs() -> list[str]:
    return re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.mark.django_db(transaction=True)
def test_the_car_drives_through_its_day(tmp_path: Path) -> None:
    (program,) = programs()
    (tmp_path / "car.py").write_text(program)
    today = timezone.localdate()
    dates: dict[str, Any] = {"campaign_start_date": today - timedelta(10), "campaign_end_date": today + timedelta(10)}
    run = {f"campaign__{name}": value for name, value in dates.items()}
    showing(**run)
    showing(**run, ad_type_id=AdType.CENTER_LEFT)
    device = car("car-17")

    with running(1) as (url,):
        ended = subprocess.run(  # noqa: S603 - the program under test
            [sys.executable, "car.py", url, f"car-17:{device.new_key}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == ["accepted 384 duplicates 0"]
    assert AdView.objects.filter(device_id="car-17", city="Berlin", duration_seconds=15).count() == 2 * 96 * 2


@pytest.mark.any_database
def test_the_car_is_short() -> None:
    (program,) = programs()

    assert len([line for line in program.splitlines() if line.strip()]) <= 32


@pytest.mark.any_database
def test_every_field_and_code_is_explained_and_no_other() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \|", DOCUMENT, re.MULTILINE))

    assert explained == {*ReportedViewSerializer().fields, INVALID, *(refusal.code for refusal in Refusal)}

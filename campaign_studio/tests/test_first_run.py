"""The first start of a fresh checkout generates its keys once, readable by the owner only."""

from pathlib import Path

import pytest

from campaign_studio.env import ensure_development_env


@pytest.fixture(autouse=True)
def _without_keys_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)


def _variables(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_a_fresh_checkout_gets_its_own_keys(tmp_path: Path) -> None:
    assert ensure_development_env(tmp_path / "one")
    assert ensure_development_env(tmp_path / "two")
    one, two = _variables(tmp_path / "one"), _variables(tmp_path / "two")

    assert set(one) == {"DEBUG", "SECRET_KEY", "ENCRYPTION_KEY", "DELIVERY_KEYS", "SEAL_KEYS"}
    assert one["DEBUG"] == "true"
    keys = {value for written in (one, two) for name, value in written.items() if name != "DEBUG"}
    assert len(keys) == 8
    assert all(len(key) >= 48 for key in keys)


def test_only_the_owner_can_read_the_keys(tmp_path: Path) -> None:
    ensure_development_env(tmp_path / ".env")

    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_an_existing_file_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("SECRET_KEY=mine\n")

    assert not ensure_development_env(path)
    assert path.read_text() == "SECRET_KEY=mine\n"


def test_an_environment_with_keys_needs_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "from the environment")

    assert not ensure_development_env(tmp_path / ".env")
    assert not (tmp_path / ".env").exists()

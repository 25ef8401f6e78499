"""A setting that is unknown, misspelt or unsafe stops the start and never shows its value."""

import pytest

from shimin.config import InvalidSettings, load_settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os  # noqa: PLC0415

    for key in [key for key in os.environ if key.startswith("SHIMIN_") and not key.startswith("SHIMIN_TEST_")]:
        monkeypatch.delenv(key)


def refused(monkeypatch: pytest.MonkeyPatch, **settings: str) -> str:
    for key, value in settings.items():
        monkeypatch.setenv(key, value)
    with pytest.raises(InvalidSettings) as caught:
        load_settings()
    return caught.value.problems


def test_the_defaults_are_embedded_and_local() -> None:
    settings = load_settings()
    assert (settings.mode, settings.host, settings.port) == ("development", "127.0.0.1", 8000)
    assert settings.database.startswith("sqlite:///")
    assert settings.issuer == "http://127.0.0.1:8000"


def test_an_unknown_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "SHIMIN_PROT" in refused(monkeypatch, SHIMIN_PROT="8000")


def test_a_wrong_type_is_named_and_its_value_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = refused(monkeypatch, SHIMIN_PORT="s3cret")
    assert "SHIMIN_PORT" in problems
    assert "s3cret" not in problems


def test_an_unknown_member_of_a_source_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = refused(
        monkeypatch, SHIMIN_SOURCES__HRSS__URL="http://127.0.0.1:1", SHIMIN_SOURCES__HRSS__SECRETS="hidden"
    )
    assert "SHIMIN_SOURCES__HRSS__SECRETS" in problems
    assert "hidden" not in problems


def test_production_refuses_what_is_unsafe_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = '{"https://api.hrss.example": "http://127.0.0.1:1"}'
    problems = refused(
        monkeypatch, SHIMIN_MODE="production", SHIMIN_SANDBOX_UNJAILED="true", SHIMIN_CONNECTOR_ORIGINS=moved
    )
    unsafe = ("DATABASE_URL", "PUBLIC_URL", "SANDBOX_UNJAILED", "CONNECTOR_ORIGINS")
    assert all(f"SHIMIN_{name}" in problems for name in unsafe)


def test_the_database_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIMIN_DATABASE_URL", "postgres://u:hunter2@127.0.0.1:5432/d")
    settings = load_settings()
    assert "hunter2" not in repr(settings)
    assert "hunter2" in settings.database

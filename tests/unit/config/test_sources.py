"""Production reads no invented department: sources are registered by a file, each with its own address and secret."""

from importlib import resources
from pathlib import Path

import pytest

from shimin.assembly import _source
from shimin.config import InvalidSettings, Settings
from shimin.kit.clock import SystemClock


def settings(tmp_path: Path, **changed: object) -> Settings:
    """Return settings that are not checked as a whole, so that one rule is seen at a time."""
    return Settings().model_copy(update={"data_dir": tmp_path, **changed})


def registrations(tmp_path: Path) -> Path:
    file = tmp_path / "sources.toml"
    file.write_text((resources.files("shimin.demo") / "sources.toml").read_text("utf-8"), "utf-8")
    return file


async def test_development_has_the_demonstrations_sources(tmp_path: Path) -> None:
    specs, source = _source(settings(tmp_path), SystemClock())
    assert {"hrss", "population"} <= set(specs)
    await source.close()


async def test_production_has_none_of_its_own(tmp_path: Path) -> None:
    specs, source = _source(settings(tmp_path, mode="production"), SystemClock())
    assert not specs
    await source.close()


def test_production_names_each_source_that_lacks_its_address_or_secret(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings) as refused:
        _source(settings(tmp_path, mode="production", sources_file=registrations(tmp_path)), SystemClock())
    assert "SHIMIN_SOURCES__HRSS__URL" in refused.value.problems
    assert "SHIMIN_SOURCES__POPULATION__URL" in refused.value.problems


def test_a_registration_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="SHIMIN_SOURCES_FILE"):
        _source(settings(tmp_path, sources_file=tmp_path / "nowhere.toml"), SystemClock())

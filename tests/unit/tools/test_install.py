"""What the machine told pip about packages is what uv hears."""

from pathlib import Path

import install


def test_uv_hears_of_the_index_that_pip_was_told() -> None:
    told = install.uv_environment("global.index-url='https://index.example/simple'\n", {})
    assert told["UV_DEFAULT_INDEX"] == "https://index.example/simple"


def test_uv_hears_of_every_further_index_and_certificate() -> None:
    listed = "global.extra-index-url='file:///a/simple file:///b/simple'\n:env:.cert='/etc/ssl/certs/own.crt'\n"
    told = install.uv_environment(listed, {})
    assert told["UV_INDEX"] == "file:///a/simple file:///b/simple"
    assert told["SSL_CERT_FILE"] == "/etc/ssl/certs/own.crt"


def test_indexes_written_on_lines_of_their_own_are_all_heard() -> None:
    told = install.uv_environment("global.extra-index-url='\\nfile:///a/simple\\nfile:///b/simple'\n", {})
    assert told["UV_INDEX"] == "file:///a/simple file:///b/simple"


def test_what_uv_was_told_itself_wins() -> None:
    told = install.uv_environment(
        "global.index-url='https://pip.example/simple'\n", {"UV_DEFAULT_INDEX": "https://uv.example/simple"}
    )
    assert told["UV_DEFAULT_INDEX"] == "https://uv.example/simple"


def test_a_folder_of_wheels_that_is_not_there_is_not_mentioned(tmp_path: Path) -> None:
    listed = f"global.find-links='{tmp_path} {tmp_path}/absent'\n"
    assert install.uv_environment(listed, {})["UV_FIND_LINKS"] == str(tmp_path)


def test_a_machine_without_configuration_adds_no_address() -> None:
    assert not [name for name in install.uv_environment("", {}) if "INDEX" in name and name != "UV_INDEX_STRATEGY"]

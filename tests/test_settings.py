from pathlib import Path

import pytest

from service.settings import Settings, SettingsError, variables


def test_no_setting_is_needed() -> None:
    assert Settings.from_environment({"HOME": "/"}) == Settings()


def test_each_variable_is_read() -> None:
    settings = Settings.from_environment(
        {
            "SERVICE_ARTEFACT": "a/1.0.0",
            "SERVICE_API_KEYS_FILE": "keys.json",
            "SERVICE_HOST": "0.0.0.0",
            "PORT": "9000",
            "WEB_CONCURRENCY": "4",
            "SERVICE_MAX_INSTANCES": "5",
            "SERVICE_MAX_BODY_BYTES": "6",
            "SERVICE_PLAN": "off",
            "SERVICE_LOG_LEVEL": "DEBUG",
        }
    )
    assert settings == Settings(
        artefact=Path("a/1.0.0"),
        api_keys_file=Path("keys.json"),
        host="0.0.0.0",
        port=9000,
        workers=4,
        max_instances=5,
        max_body_bytes=6,
        plan="off",
        log_level="DEBUG",
    )
    assert len(variables()) == 9


def test_an_address_may_be_of_either_kind() -> None:
    assert Settings.from_environment({"SERVICE_HOST": "::1"}).host == "[::1]"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", ""),
        ("PORT", "٨٠"),
        ("WEB_CONCURRENCY", "0"),
        ("WEB_CONCURRENCY", "two"),
        ("SERVICE_MAX_INSTANCES", "1e3"),
        ("SERVICE_MAX_BODY_BYTES", "9" * 5000),
        ("SERVICE_LOG_LEVEL", "verbose"),
        ("SERVICE_ARTEFACT", ""),
        ("SERVICE_HOST", "a b"),
        ("SERVICE_HOST", "unix:/run/service"),
        ("SERVICE_HOST", "[::1]"),
        ("SERVICE_PORT", "8000"),
        ("SERVICE_MAX_INSTANCE", "5"),
    ],
)
def test_a_bad_or_unknown_variable_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} ") as caught:
        Settings.from_environment({name: text})
    assert "\n" not in str(caught.value)

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
            "SERVICE_DEVICE": "cuda:1",
            "SERVICE_DEVICE_MIN_ROWS": "19",
            "SERVICE_LOG_LEVEL": "DEBUG",
            "SERVICE_RATE_LIMIT_REQUESTS": "200/minute;20/second",
            "SERVICE_RATE_LIMIT_INSTANCES": "5000/hour",
            "SERVICE_RATE_LIMIT_FAILURES": "3/day",
            "SERVICE_RATE_LIMIT_STORAGE": "redis://localhost:6379/0",
            "SERVICE_MAX_STRING_LENGTH": "7",
            "SERVICE_MAX_FIELDS": "8",
            "SERVICE_MAX_ELEMENTS": "18",
            "SERVICE_RECEIVE_TIMEOUT_SECONDS": "1.5",
            "SERVICE_PREDICT_TIMEOUT_SECONDS": "2.5",
            "SERVICE_MAX_IN_FLIGHT": "11",
            "SERVICE_LAME_DUCK_SECONDS": "0",
            "SERVICE_GRACE_SECONDS": "12",
            "SERVICE_TRUSTED_PROXIES": "15",
            "SERVICE_DRIFT_WINDOW_SECONDS": "13",
            "SERVICE_DRIFT_MIN_COUNT": "14",
            "SERVICE_PREDICTION_LOG": "log.jsonl",
            "SERVICE_PREDICTION_LOG_SAMPLE": "0.25",
            "SERVICE_PREDICTION_LOG_MAX_BYTES": "16",
            "SERVICE_SHADOW_ARTEFACT": "a/2.0.0",
            "SERVICE_SHADOW_SAMPLE": "0.5",
            "SERVICE_SHADOW_MAX_MEMORY_BYTES": "17",
            "SERVICE_TRUSTED_PLATFORM": "sagemaker",
            "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv",
            "AIP_HEALTH_ROUTE": "/health",
            "AIP_PREDICT_ROUTE": "/v1/endpoints/1/deployedModels/2:predict",
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
        device="cuda:1",
        device_min_rows=19,
        log_level="DEBUG",
        rate_limit_requests="200/minute;20/second",
        rate_limit_instances="5000/hour",
        rate_limit_failures="3/day",
        rate_limit_storage="redis://localhost:6379/0",
        max_string_length=7,
        max_fields=8,
        max_elements=18,
        receive_timeout_seconds=1.5,
        predict_timeout_seconds=2.5,
        max_in_flight=11,
        lame_duck_seconds=0.0,
        grace_seconds=12.0,
        trusted_proxies=15,
        drift_window_seconds=13,
        drift_min_count=14,
        prediction_log=Path("log.jsonl"),
        prediction_log_sample=0.25,
        prediction_log_max_bytes=16,
        shadow_artefact=Path("a/2.0.0"),
        shadow_sample=0.5,
        shadow_max_memory_bytes=17,
        trusted_platform="sagemaker",
        invocations_accept="text/csv",
        vertex_health_route="/health",
        vertex_predict_route="/v1/endpoints/1/deployedModels/2:predict",
    )
    assert len(variables()) == 38


def test_a_platform_that_names_the_port_decides() -> None:
    for name in ("SAGEMAKER_BIND_TO_PORT", "AIP_HTTP_PORT"):
        assert Settings.from_environment({name: "8080", "PORT": "8000"}).port == 8080


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AIP_PREDICT_ROUTE", "/scores"),
        ("AIP_PREDICT_ROUTE", "predict"),
        ("AIP_PREDICT_ROUTE", "/<name>:predict"),
        ("AIP_HEALTH_ROUTE", "health"),
        ("AIP_HTTP_PORT", "http"),
        ("SERVICE_TRUSTED_PLATFORM", "everybody"),
        ("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "application/x-npy"),
    ],
)
def test_what_a_platform_sets_and_cannot_be_used_is_named(
    name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be"):
        Settings.from_environment({name: value})


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
        ("SERVICE_RATE_LIMIT_REQUESTS", ""),
        ("SERVICE_RATE_LIMIT_REQUESTS", "many"),
        ("SERVICE_RATE_LIMIT_REQUESTS", "0/minute"),
        ("SERVICE_RATE_LIMIT_STORAGE", "memcached://localhost"),
        ("SERVICE_RATE_LIMIT_STORAGE", "memory://"),
        ("SERVICE_PREDICT_TIMEOUT_SECONDS", "0"),
        ("SERVICE_PREDICT_TIMEOUT_SECONDS", "0.000"),
        ("SERVICE_LAME_DUCK_SECONDS", "-1"),
        ("SERVICE_GRACE_SECONDS", "inf"),
        ("WEB_CONCURRENCY", "0"),
        ("WEB_CONCURRENCY", "two"),
        ("SERVICE_MAX_INSTANCES", "1e3"),
        ("SERVICE_MAX_BODY_BYTES", "9" * 5000),
        ("SERVICE_DRIFT_WINDOW_SECONDS", "1000000001"),
        ("SERVICE_PREDICTION_LOG", ""),
        ("SERVICE_PREDICTION_LOG_SAMPLE", "1.5"),
        ("SERVICE_PREDICTION_LOG_SAMPLE", "-0"),
        ("SERVICE_PREDICTION_LOG_SAMPLE", "nan"),
        ("SERVICE_PREDICTION_LOG_MAX_BYTES", "0"),
        ("SERVICE_SHADOW_ARTEFACT", ""),
        ("SERVICE_SHADOW_SAMPLE", "10 %"),
        ("SERVICE_SHADOW_MAX_MEMORY_BYTES", "0"),
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

"""What is under way is printed where it takes long, and not before."""

import pytest

from service.model.packaging.progress import Progress


def test_a_stage_is_printed_once_one_has_waited(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Progress("m 1.0.0", silent_seconds=0) as progress:
        progress.begin("reading the table")
    assert "m 1.0.0: reading the table (0 s)\n" in capsys.readouterr().err


def test_a_stage_that_takes_no_time_is_not_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Progress("m 1.0.0", silent_seconds=3600) as progress:
        progress.begin("reading the table")
    assert capsys.readouterr().err == ""

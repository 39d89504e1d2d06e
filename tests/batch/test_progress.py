"""What a person or a log reads of a run while it goes on."""

import io

from service.batch.progress import LOG_SECONDS, Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds that pass when they are told to."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_terminal_has_one_line_with_the_time_left() -> None:
    stream, clock = Terminal(), Clock()
    progress = Progress(stream, clock)
    progress.add(1_000_000, 0.5, is_new=False)  # scored before an interruption
    clock.seconds = 10
    progress.add(500_000, 0.25, is_new=True)
    assert (
        stream.getvalue()
        .rpartition("\x1b")[0]
        .endswith("1,500,000 rows, 50,000 rows/s, 75%, 0:00:10 left")
    )
    assert "\n" not in stream.getvalue()
    progress.close()


def test_a_log_has_a_line_now_and_then() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, clock)
    for _ in range(90):
        clock.seconds += 1
        progress.add(1000, 0.01, is_new=True)
    progress.close()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 90 // LOG_SECONDS
    assert lines[0] == "30,000 rows, 1,000 rows/s, 30%, 0:01:10 left"

"""A whole run: inputs to an output, by several processes, in the order of the rows."""

import os
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import orjson

from service.batch.output_file import OUTPUTS, RejectedOutput
from service.batch.piece import Piece
from service.batch.progress import Progress
from service.batch.score_manifest import Counts, describe_run
from service.batch.score_order import CheckedOrder, Order
from service.batch.scoring import InvalidRowError
from service.batch.work_folder import Report, WorkFolder, commit, sync, write_whole
from service.batch.worker import ANSWERS, REJECTED, Job, score_piece, start_worker
from service.model.errors import DataFileError, ModelError, describe_error

# How many pieces a process may be ahead of the one that is waited for.
PIECES_AHEAD = 3


class InterruptedRunError(DataFileError):
    """A run ended before its end, and can be resumed."""


class Run:
    """One run of an order."""

    def __init__(self, order: Order) -> None:
        self._checked = checked = CheckedOrder(order)
        self._order = order
        self._folder = WorkFolder(checked.out)
        self._out = out = checked.out
        self._rejected = out.with_suffix(f".rejected{out.suffix}")
        self._manifest = out.with_suffix(".manifest.json")

    def score(self, progress: Progress) -> dict[str, Any]:
        """Score all there is, and return the manifest. Raises DataFileError."""
        order = self._order
        if order.is_resuming and (found := self._read_finished()):
            self._folder.remove()
            return found
        self._refuse_existing()
        with (
            refuse_interruption(self._out),
            self._folder.open(self._checked.plan, is_resuming=order.is_resuming),
        ):
            try:
                self._refuse_existing()  # what another run wrote until now
                manifest = self._write(progress)
            except ModelError:  # which would come again: an input has to be mended
                self._folder.remove()
                raise
            self._folder.remove()
        return manifest

    def _refuse_existing(self) -> None:
        """Raise DataFileError where there is a file, or a link, of an output's name."""
        # A run that was killed at its end may have left the two others.
        is_new = not self._order.is_resuming
        others = (self._rejected, self._manifest) if is_new else ()
        for path in (self._out, *others):
            if os.path.lexists(path):
                raise DataFileError(f"{path} exists, and is not overwritten.")

    def _read_finished(self) -> dict[str, Any] | None:
        """Return the manifest if all was written by a run of the same plan."""
        if not self._out.exists() or not self._manifest.exists():
            return None
        found: dict[str, Any] = orjson.loads(self._manifest.read_bytes())
        return found if found.get("run") == self._checked.digest else None

    def _write(self, progress: Progress) -> dict[str, Any]:
        """Write the output, and give it its name once it is whole."""
        folder, suffix = self._folder.path, self._out.suffix
        staged = folder / f"whole{suffix}"
        output = OUTPUTS[suffix](staged, self._checked.schema)
        rejected = RejectedOutput(folder / f"rejected{suffix}", self._checked.kept)
        counts = Counts(self._checked.predictor, len(self._checked.paths))
        with closing_quietly(output), closing(self._iterate_reports()) as reports:
            for piece, report, is_new in reports:
                output.append(self._folder.place(piece.index, ANSWERS))
                if report.rejected:
                    place = self._folder.place(piece.index, REJECTED)
                    rejected.append(place, str(self._checked.paths[piece.file]))
                counts.add(piece.file, report, is_new=is_new)
                share = (
                    piece.part.weight * self._order.shard[1] / sum(self._checked.sizes)
                )
                progress.add(report.rows, share, is_new=is_new)
            output.close()
        self._checked.refuse_changes()
        if rejected.close():
            commit(rejected.path, self._rejected)
        manifest = describe_run(self._checked, counts, progress.seconds)
        write_whole(self._manifest, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
        commit(staged, self._out)
        sync(self._out.parent)
        return manifest

    def _iterate_reports(self) -> Generator[tuple[Piece, Report, bool]]:
        """Yield the reports of all pieces in order, and whether each was scored now."""
        order = self._order
        # Also that of numpy, where the processes are copied from.
        os.environ["OMP_NUM_THREADS"] = "1"
        job = Job(
            self._checked.scorer, self._checked.paths, self._folder, self._out.suffix
        )
        # One process imports, and each other one begins as its copy: before threads.
        context = get_context("forkserver")
        context.set_forkserver_preload([score_piece.__module__])
        pool = ProcessPoolExecutor(order.processes, context, start_worker, (job,))
        waiting: deque[tuple[Piece, Report | Future[Report]]] = deque()
        try:
            for piece in self._checked.iterate_pieces():
                found = self._folder.read_report(piece.index)
                waiting.append((piece, found or pool.submit(score_piece, piece)))
                if len(waiting) > PIECES_AHEAD * order.processes:
                    yield self._wait(*waiting.popleft())
            while waiting:
                yield self._wait(*waiting.popleft())
        finally:
            pool.shutdown(cancel_futures=True)

    def _wait(
        self, piece: Piece, report: Report | Future[Report]
    ) -> tuple[Piece, Report, bool]:
        if isinstance(report, Report):
            return piece, report, False
        try:
            return piece, report.result(), True
        except InvalidRowError as error:
            path = self._checked.paths[piece.file]
            raise DataFileError(f"{path}, row {error.row}: {error.reason}.") from None


@contextmanager
def closing_quietly(output: Any) -> Iterator[None]:
    """Close an output that is not whole, whatever that says."""
    try:
        yield
    except BaseException:
        with suppress(Exception):
            output.close()
        raise


@contextmanager
def refuse_interruption(out: Path) -> Iterator[None]:
    """Raise InterruptedRunError for what the system does to a run."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else describe_error(error)
    except BrokenProcessPool:
        reason = "one of the processes was killed, maybe for want of memory"
    else:
        return
    raise InterruptedRunError(
        f"{out} is not written: {reason}. What is scored is kept for --resume."
    )

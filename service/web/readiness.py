"""Whether this process may answer: once it has reproduced its golden records."""

import logging
import os

from service.model.errors import ModelError
from service.model.prediction.predictor import Predictor
from service.web.errors import NotReadyError

logger = logging.getLogger("service")

NOT_READY = "not_ready"
READY = "ready"


class Readiness:
    """Whether this process has proved itself; a fork has to do so anew."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._process = os.getpid()  # which create_app has proved
        self._reason = ""
        self._is_draining = False

    @property
    def is_ready(self) -> bool:
        return not (self._is_draining or self._reason)

    @property
    def is_mismatched(self) -> bool:
        return bool(self._reason)

    def drain(self) -> None:
        """Be ready no more, since this process is about to stop."""
        self._is_draining = True

    def fail(self, reason: str) -> None:
        """Be ready no more, for a reason that nothing here can mend."""
        self._reason = reason
        logger.error(NOT_READY, extra={"reason": reason})

    def require_undrained(self) -> None:
        """Raise NotReadyError where no new work is wanted, or none can be done."""
        if self._is_draining:
            raise NotReadyError("This process is about to stop.")
        self.require()

    def prove(self) -> None:
        """Reproduce the golden records here; if they differ, keep the reason."""
        try:
            self._predictor.prove()
        except ModelError as error:
            self._reason = str(error)
            logger.error(NOT_READY, extra={"reason": self._reason})  # noqa: TRY400
        else:
            self._reason = ""
            logger.info(READY, extra={"records": len(self._predictor.golden.records)})
        self._process = os.getpid()

    def require(self) -> None:
        """Raise NotReadyError, with the reason, unless this process is ready."""
        if self._process != os.getpid():
            self.prove()
        if self._reason:
            raise NotReadyError(self._reason)

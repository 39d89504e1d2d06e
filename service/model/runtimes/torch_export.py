"""Modules of PyTorch as ONNX files, by PyTorch's own exporter."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from service.model.errors import PackagingError, describe_error
from service.model.runtimes.torch_modules import fill_module

# Any but 0 and 1, which the exporter takes for the only sizes that there may be.
TRACED_ROWS = 3


def export_module(content: bytes, options: Mapping[str, Any]) -> bytes:
    """Return the ONNX file of a module that was taken apart. Raises PackagingError.

    Whether it answers as the module does is for the caller to see.
    """
    module = fill_module(options["module"], content)
    inputs, outputs = options["inputs"], options["outputs"]
    arguments = {
        form.name: torch.zeros(
            (TRACED_ROWS, *form.shape[1:]), dtype=getattr(torch, form.dtype)
        )
        for form in inputs
    }
    batch = {name: {0: torch.export.Dim.DYNAMIC} for name in arguments}
    is_named = options["is_named"]
    try:
        with _silencing_exporter():
            program = torch.onnx.export(
                module,
                () if is_named else tuple(arguments.values()),
                kwargs=arguments if is_named else None,
                input_names=[form.name for form in inputs],
                output_names=[form.name for form in outputs],
                dynamic_shapes=batch if is_named else tuple(batch.values()),
                dynamo=True,
                verbose=False,
            )
    except Exception as error:
        raise PackagingError(
            f"The module {type(module).__name__} cannot be exported to ONNX:"
            f" {describe_error(error)}."
        ) from error
    exported: bytes = program.model_proto.SerializeToString()
    return exported


@contextlib.contextmanager
def _silencing_exporter() -> Iterator[None]:
    """Hide what it prints of its progress, and warns of: its own, and torchvision."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)

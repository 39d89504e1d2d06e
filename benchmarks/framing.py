"""python -m benchmarks.framing: what a chunked body costs the event loop to read.

The cost of a byte does not grow with the body: each is looked at a bounded number of
times. Smaller chunks cost more a byte, until they are too many and are refused.
"""

import time
from statistics import median

from gunicorn.config import Config

from benchmarks.tables import format_table
from service.server.connection import READ_BYTES
from service.server.reader import RequestReader

CHUNK_SIZES = (1, 8, 16, 32, 64, 1024, 4096, 16 * 1024, 64 * 1024)
BODY_SIZES = (128 * 1024, 1024 * 1024, 8 * 2**20)
ROUNDS = 5
HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def main() -> None:
    """Print nanoseconds a byte that is read, by the size of its chunks and its body."""
    rows = [
        [f"{size:,}", *(_describe(size, body_size) for body_size in BODY_SIZES)]
        for size in CHUNK_SIZES
    ]
    bodies = [f"{size // 1024:,} KiB of data" for size in BODY_SIZES]
    print(format_table(["bytes a chunk", *bodies], rows))


def _describe(chunk_size: int, body_size: int) -> str:
    chunk = b"%x\r\n%b\r\n" % (chunk_size, bytes(chunk_size))
    request = HEAD + (body_size // chunk_size) * chunk + b"0\r\n\r\n"
    found = [_measure(request, body_size) for _ in range(ROUNDS)]
    refused = "" if found[0][1] else ", refused"
    return f"{median(each for each, _ in found):.2f}{refused}"


def _measure(request: bytes, body_size: int) -> tuple[float, bool]:
    """Return nanoseconds a byte that was read, and whether the request was taken."""
    reader, buffer, read = RequestReader(Config(), body_size), bytearray(), 0
    began = time.process_time()
    while not reader.is_complete and reader.refusal is None:
        buffer += request[read : read + READ_BYTES]
        read = min(read + READ_BYTES, len(request))
        reader.read(buffer)
        while reader.is_paused and reader.refusal is None:
            reader.read(buffer)
    return 1e9 * (time.process_time() - began) / read, reader.is_complete


if __name__ == "__main__":
    main()

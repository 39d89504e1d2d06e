"""The gunicorn worker: an event loop that receives, and threads that answer.

limits.py        how much a worker takes on
parser.py        gunicorn's push parser of HTTP/1.1
refusals.py      the words for what is malformed
request.py       what a head says
reader.py        one request, read as it arrives
connection.py    a caller's socket
exchange.py      a request until it is answered, and by whom
body_budget.py   what arrives, bounded in memory
intake.py        requests taken on, or refused by their head
slow_readers.py  answers that nobody reads, bounded
balance.py       connections shared evenly among workers
connections.py   the sockets of a worker
in_flight.py     what waits for a thread, and what is being answered
leader.py        leader and follower: whose turn the event loop is
wsgi.py          the application asked
drain.py         how a worker ends
worker.py        the threads, and what becomes of each request

It knows WSGI, and no route but by its path: health and metrics are never refused.
"""

from service.server.limits import WorkerLimits
from service.server.worker import ReceivingWorker

__all__ = ["ReceivingWorker", "WorkerLimits"]

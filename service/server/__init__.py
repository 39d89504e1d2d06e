"""The gunicorn worker: an event loop that receives, and threads that answer.

parser.py        gunicorn's push parser of HTTP/1.1
refusals.py      the words for what is malformed
request.py       what a head says
reader.py        one request, read as it arrives
connection.py    a caller's socket
http_exchange.py a request until it is answered
balance.py       connections shared evenly among workers
connections.py   the connections of a worker: accepted, watched and closed
body_budget.py   what arrives, bounded in memory
intake.py        requests taken on, or refused by their head
slow_readers.py  unread answers, bounded
transport.py     requests received, answers sent
in_flight.py     what waits for a thread, in its order, and what is being answered
threads.py       leader and follower: who runs the event loop
responder.py     the application asked
watchdog.py      deadlines, callers that are gone, threads that hang
drain.py         how a worker ends
worker.py        what its event loop does

It knows WSGI, and no route but by its path: health and metrics are never refused.
"""

from service.server.worker import ReceivingWorker

__all__ = ["ReceivingWorker", "Settings"]

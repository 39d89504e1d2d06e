"""The gunicorn worker: one loop receives, and the thread that keeps it answers.

worker.py       the threads, and what becomes of each request
relay.py        whose turn it is to keep the loop
connections.py  the sockets: what they bring, and what is sent
arrivals.py     the requests that they bring: taken on, or refused
connection.py   one of them, and what it has brought
memory.py       what they hold, all together, while it arrives
slowreaders.py  what they have not taken of their answers
reader.py       one request, read as it arrives
parser.py       gunicorn's parser, which says where it ends
request.py      what its head says
refusals.py     the words for what is malformed
exchange.py     the request until it is answered
gateway.py      put to the application
drain.py        how a worker ends
"""

from service.web.worker.bounds import Bounds
from service.web.worker.worker import ReceivingWorker

__all__ = ["Bounds", "ReceivingWorker"]

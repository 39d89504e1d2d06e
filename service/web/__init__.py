"""What HTTP is: keys, errors, logs, health and the routes. Knows no arithmetic.

What a request passes:

worker/          receives it, and answers in time
dispatch.py      finds its view
call.py          carries what one part tells another of it
logs/            gives it an id, and writes its line
metrics/         counts it
auth.py          asks who sends it
keys/            knows the client by its key
limits/          knows how much the client may
errors.py        turns an exception into the one error body
headers.py       adds the headers of every answer

Where it leads:

predict.py       the model
health.py        live, and ready
drift.py         drift, which a scrape reads, too
openapi/         the contract, published
capabilities.py  OPTIONS *

And beside the way:

lifecycle.py     a worker's start and end
firstrequest.py  a line of curl to begin with
"""

"""What HTTP is for this service. It knows no arithmetic: sklearn and numpy stay below.

In the order in which one reads them:

flask_app.py      Flask, without the detours that this service has no use for
runtime_folder.py where the files of running servers are
budget.py         what a client may spend
client.py         whom a key names
request.py        per-request state that hooks, views and middleware share
media_types.py    what the body of a request is, and which answer is accepted
errors.py         every exception to the one error body
readiness.py      whether this process may answer
access/           who may call, and how much
headers.py        middleware: the headers of every answer
monitoring/       logs, metrics and drift
shadow/           a second version, compared with the one that answers
prediction_view.py what each route of predictions does, in whatever dialect
dialects/         what other servers' callers speak
routes/           what each route answers
lifecycle.py      a worker's start and end
first_request.py  a line of curl to begin with

It may import service/model/, and none of service/server/.
"""

"""What is wrong with an artefact or a server, in sentences that say what to do.

finding.py      one sentence, and whether something is wrong
samples.py      the metrics of a server, by name and labels
facts.py        what is known before anything is found
engine.py       what answers, and what it would answer faster without
readiness.py    whether a server takes work, and why not
refusals.py     what callers are refused, by reason
capacity.py     whether there are enough workers, and room for what comes
latency.py      where the time of a prediction goes
state.py        the key file, limits in Redis, the prediction log, the clock
behaviour.py    drift, a shadow, other versions at the same address
inquiry.py      what a server answers to whoever has a key, or none
report.py       all that was found, as text and as JSON
artefact.py     an artefact, examined as a start of the service would
server.py       a server, and what its time goes to

From engine.py to behaviour.py, each has CHECKS: small functions from facts to findings.
To find one thing more is a function and a row there. It may import model/ and update/.
"""

"""What an instance must be, and how bytes become columns of values that are.

features.py       the contract itself, as the manifest has it
request_limits.py how much one request may hold
tables.py         columns laid out as the table that the pipeline was fitted on
edges.py          ranges of a feature's values, and values at their edges
violations.py     sentences that say what is wrong, each with its kind
strict_fields.py  marshmallow's fields without their coercion
schema.py         the contract as a marshmallow schema, which is what decides
strict_json.py    JSON as RFC 8259 means it
checks.py         what a column of good values looks like, in a few passes of C
fast_columns.py   the fast path of many instances
fast_row.py       the fast path of one
faults.py         what is wrong, in marshmallow's words
novelty.py        what training did not see: answered, and warned of
instances.py      what goes into a predictor, and what comes out
codec.py          bytes to instances, by all of these
observation.py    a table observed: its columns' names, types, ranges and categories

It may import model/errors.py alone.
"""

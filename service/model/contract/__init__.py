"""What an instance must be, and how bytes become columns of values that are.

features.py       the contract itself, as the manifest has it
request_limits.py how much one request may hold
tables.py         columns laid out as the table that the pipeline was fitted on
edges.py          ranges of a feature's values, and values at their edges
violations.py     sentences that say what is wrong, each with its kind
strict_fields.py  marshmallow's fields without their coercion
schema.py         the contract as a marshmallow schema, which is what decides
strict_json.py    JSON as RFC 8259 means it
value_types.py    a feature's values as a msgspec type, checked in C
novelty.py        what training did not see: answered, and warned of
fast_path.py      columns of good values, read in C
faults.py         what is wrong, in marshmallow's words
instances.py      what goes into a predictor, and what comes out
codec.py          bytes to instances, by all of these
observation.py    a table observed: its columns' names, types, ranges and categories

It may import model/errors.py alone.
"""

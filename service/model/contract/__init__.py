"""The contract of a model, and how the bytes of a request become columns by it.

features.py        the contract itself, as the manifest has it
array_columns.py   columns of many values as arrays, which are read as lists are
tensor_columns.py  tensors of one shape as a column
array_makers.py    arrays made of the columns of a request
prediction_writers.py predictions as an answer has them, by row or by column
prediction_form.py the form of a prediction, as the manifest has it
flat_columns.py    predictions as columns with names of their own, none within another
request_limits.py  the most that one request may hold
timestamps.py      dates of a request, read as the dtype that they were fitted in
tables.py          columns laid out as the table that the pipeline was fitted on
texts.py           texts that people wrote, told from categories
violations.py      error messages that carry their kind, which is a metric's label
mapping_rows.py    instances of any fields, of a model that was fitted on mappings
positional_rows.py rows that come by position, of a model that was fitted on an array
plain_values.py    the cells of a table as plain values, and these as JSON
table_rows.py      rows of a training table, taken and read as plain values
columns.py         a column of the training table: its type, range and categories
tensor_observation.py the arrays that a model was fitted on, as features
observation.py     the training table: which kind it is, and all its columns
edges.py           ranges of a feature's values, and values at their edges
strict_fields.py   marshmallow's fields without their coercion
regular_lists.py   nested lists of one shape and one type as an array, at once
nested_lists.py    nested lists as an array, or what is wrong with them
tensor_reader.py   a tensor, as lists, as base64 or as an array
tensor_field.py    the field of a tensor, and the schema that it publishes
schema.py          the contract as a marshmallow schema, which decides
strict_json.py     JSON as RFC 8259 means it
value_types.py     the valid values of a feature as a msgspec type
text_values.py     values written as text, read by the type of their feature
csv_form.py        requests in CSV, as columns
lines_form.py      requests in JSON Lines, as rows
array_checks.py    the valid values of columns that came as arrays
novelty.py         what training did not see: answered, with a warning
fast_path.py       columns of valid values, decoded and checked in C
faults.py          what is wrong with a request, in marshmallow's words
column_form.py     requests by column, and what is wrong with one
document.py        a decoded request, by row or by column
fast_readers.py    the fast path of each form of a request
tensor_limits.py   what the tensors of one request must keep together
decoder.py         bytes to documents, which are not validated yet
instances.py       what goes into a predictor, and what comes out
codec.py           bytes to instances: the way in, by all of these
arrow_messages.py  the messages of an Arrow stream, looked at before Arrow reads them
arrow_tensors.py   columns of tensors in such a stream
arrow_stream.py    columns of an Arrow stream, and a table of answers as one

It may import model/errors.py alone.
"""

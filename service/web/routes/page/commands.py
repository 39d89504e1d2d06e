"""The lines that ask, by curl or by Python, what the form asks. Neither holds a key.

files/commands.js writes the same of what stands in the form.
"""

import shlex

# The variable that docs/client.md names, too.
VARIABLE = "MODEL_SERVICE_KEY"

# Where a browser runs no script, nothing tells the page its own address.
ADDRESS = "http://127.0.0.1:8000/v1/predict"

CURL = """\
curl {url} \\
  -H "Authorization: Bearer ${variable}" \\
  -H 'Content-Type: application/json' \\
  -d {body}"""

PYTHON = """\
import os
import urllib.request

request = urllib.request.Request(
    {url},
    {body}.encode(),
    {{
        "Authorization": "Bearer " + os.environ["{variable}"],
        "Content-Type": "application/json",
    }},
)
print(urllib.request.urlopen(request).read().decode())"""


def write_curl(body: str, url: str = ADDRESS) -> str:
    """Return the command for a POSIX shell."""
    return CURL.format(url=shlex.quote(url), variable=VARIABLE, body=shlex.quote(body))


def write_python(body: str, url: str = ADDRESS) -> str:
    """Return the script, for which Python alone is enough."""
    return PYTHON.format(url=repr(url), variable=VARIABLE, body=repr(body))

"""X-rays compiled Go programs: what they were built from, whether the record is true, and what they will do at run time.

>>> import gospect
>>> record = gospect.inspect("dist/app")                     # doctest: +SKIP
>>> for line in gospect.scan(["dist/", "image.tar"]):        # doctest: +SKIP
...     print(line["type"])

Targets and options are those of the command ``gospect``; results are the JSON documents that it writes. Nothing is printed: what the
command would say on standard error goes to the logger ``gospect``, at level INFO. Every function releases the interpreter while it works.
"""

from ._api import audit, call, inspect, scan, vuln
from ._errors import (
    DatabaseError,
    Error,
    InputError,
    NotExaminedError,
    NotGoError,
    OutputError,
    PolicyError,
    SystemFailure,
    UsageError,
)
from ._native import __version__

__all__ = [
    "DatabaseError",
    "Error",
    "InputError",
    "NotExaminedError",
    "NotGoError",
    "OutputError",
    "PolicyError",
    "SystemFailure",
    "UsageError",
    "__version__",
    "audit",
    "call",
    "inspect",
    "scan",
    "vuln",
]

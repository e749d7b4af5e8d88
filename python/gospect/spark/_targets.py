"""What a sweep plans: targets."""

from __future__ import annotations

import dataclasses
import json

#: Files that are smaller hold no linked Go program (``gospect scan --min-size``).
SMALLEST = 16 << 10


@dataclasses.dataclass(frozen=True)
class Target:
    """Something that one task scans as a whole."""

    #: What the user or the catalog named. An image of a registry has its digest, so that the scan reads what was planned.
    name: str
    #: What is in it: ``sha256:…`` of an image; path, size and time of a file. ``None``: unknown, so it is scanned every time.
    identity: str | None = None
    #: Bytes that a scan without a cache reads.
    size: int = 0
    #: Why it cannot be scanned.
    error: str | None = None
    #: A file of another machine: the address that opens its file system, and its path in there. ``None``: the name says where it is.
    remote: tuple[str, str] | None = None

    def as_text(self) -> str:
        """As text, for a column."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def of_text(cls, text: str) -> Target:
        """Reads :meth:`as_text`."""
        given = json.loads(text)
        remote = given.pop("remote")
        return cls(**given, remote=tuple(remote) if remote else None)


def printable(text: str | None) -> str | None:
    """A text for the table: bytes of a name that are no UTF-8 become ``\\xff``."""
    return text and text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

"""Exceptions: one for each kind of failure that leaves a command without a result."""

from __future__ import annotations

from collections.abc import Sequence


class Error(Exception):
    """A command has no result. ``messages`` are the lines that it would have printed on standard error."""

    def __init__(self, text: str, messages: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.messages = list(messages)

    def __reduce__(self):
        # Spark and multiprocessing carry exceptions from one process to another.
        return (type(self), (self.args[0], self.messages))


class UsageError(Error, ValueError):
    """Options or targets make no sense, or do not fit together."""


class PolicyError(Error, ValueError):
    """A policy or baseline cannot be used."""


class DatabaseError(Error):
    """There is no usable vulnerability database."""


class InputError(Error, OSError):
    """A named file cannot be read."""

    def __init__(self, text: str, messages: Sequence[str] = ()) -> None:
        Error.__init__(self, text, messages)


class NotGoError(Error, ValueError):
    """What was inspected is not a Go program."""


class NotExaminedError(Error):
    """With ``strict=True``: something was not examined."""


class OutputError(Error):
    """The result cannot be written, or does not fit into the memory that ``memory=`` allows."""


class SystemFailure(Error):
    """The system refuses what is needed, such as threads."""


_BY_FAILURE = {
    "usage": UsageError,
    "policy": PolicyError,
    "database": DatabaseError,
    "input": InputError,
    "output": OutputError,
    "system": SystemFailure,
}


def error_of(failure: str, messages: Sequence[str]) -> Error:
    """The exception for a kind of failure, which the last message explains."""
    # Mistakes in a policy come before the line that counts them; the argument parser explains at length. First lines say what is wrong.
    lines = [line.removeprefix("gospect: ").removeprefix("error: ").splitlines()[0] for line in messages if line.strip()]
    mistakes = [line for line, message in zip(lines, messages) if message.startswith("error: ")]
    text = "; ".join(dict.fromkeys([*lines[-1:], *mistakes])) or failure
    return _BY_FAILURE[failure](text, messages)

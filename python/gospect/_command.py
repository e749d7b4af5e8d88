"""Commands as Python calls: keyword arguments become options, exit codes and messages become exceptions."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Union

from . import _native
from ._errors import NotExaminedError, UsageError, error_of

#: One target, or several.
Targets = Union[str, "os.PathLike[str]", Iterable[Union[str, "os.PathLike[str]"]]]

#: The messages of commands. INFO, so that Python prints nothing unless it is asked to.
_LOG = logging.getLogger("gospect")

#: Lists that also get these messages.
_LISTENERS: list[list[str]] = []

#: The exit code of a command that has no result, or an incomplete one.
_FAILED = 2


def arguments(command: str, targets: Targets, options: Mapping[str, Any]) -> list[str]:
    """The command line of a call."""
    line = ["gospect", command]
    for name, value in options.items():
        line += _option("--" + name.replace("_", "-"), value)
    return [*line, "--", *_targets(targets)]


def _option(flag: str, value: Any) -> list[str]:
    if value is None or value is False:
        return []
    if value is True:
        return [flag]
    if isinstance(value, Mapping):
        return [f"{flag}={key}={text}" for key, text in value.items()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [f"{flag}={_text(item)}" for item in value]
    return [f"{flag}={_text(value)}"]


def _text(value: Any) -> str:
    return os.fsdecode(value) if isinstance(value, (str, bytes, os.PathLike)) else str(value)


def _targets(targets: Targets) -> list[str]:
    if isinstance(targets, (str, bytes, os.PathLike)):
        targets = [targets]
    listed = [os.fsdecode(target) for target in targets]
    if not listed:
        raise UsageError("no target is named")
    return listed


def run(line: list[str], *, strict: bool = False) -> bytes:
    """Runs a command to its end and returns what it would print."""
    code, output, messages, failure = _native.run(line)
    _conclude(code, messages, failure, strict)
    return output


def lines(line: list[str], *, strict: bool = False) -> Iterator[bytes]:
    """The output of a command in pieces of whole lines, while it runs. Closing the iterator stops the command."""
    stream = _native.Stream(line)
    try:
        yield from stream
    except BaseException:
        stream.close()
        raise
    _conclude(*stream.close(), strict)


@contextmanager
def messages() -> Iterator[list[str]]:
    """The messages of all commands that run inside this context, whatever the level of the logger."""
    collected: list[str] = []
    _LISTENERS.append(collected)
    try:
        yield collected
    finally:
        _LISTENERS[:] = [other for other in _LISTENERS if other is not collected]


def _conclude(code: int, messages: list[str], failure: str | None, strict: bool) -> None:
    for message in messages:
        message = message.removeprefix("gospect: ")
        _LOG.info("%s", message)
        for listener in _LISTENERS:
            listener.append(message)
    if failure is not None:
        raise error_of(failure, messages)
    if strict and code == _FAILED:
        text = messages[-1].removeprefix("gospect: ") if messages else "something was not examined"
        raise NotExaminedError(text, messages)

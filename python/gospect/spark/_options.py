"""Options of the data source, as Spark carries them: names in lower case, values of text."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from .._errors import PolicyError, UsageError

#: Options of ``gospect scan`` that need no ``scan.`` before them.
SCAN = ("cache", "capabilities", "facts", "hash", "insecure_http", "jobs", "max_entry_size", "memory", "min_size", "platform", "symbols")

#: Options of ``gospect catalog``. They may be given several times, one a line.
CATALOG = ("connections", "exclude", "include", "newest")

_WORDS = {"true": True, "false": False}


@dataclasses.dataclass
class Options:
    """What the reader needs to know, on the driver and on the executors."""

    targets: list[str]
    known: str | None = None
    partition_bytes: int = 256 << 20
    partition_targets: int = 64
    sweep: str = ""
    scan: dict[str, Any] = dataclasses.field(default_factory=dict)
    catalog: dict[str, Any] = dataclasses.field(default_factory=dict)
    #: ``None``: no findings are wanted.
    audit: dict[str, Any] | None = None
    #: Only the plan is wanted: targets, not what is in them.
    only_plan: bool = False
    #: The text of the policy: executors may not have its file.
    policy: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Options:
        remaining = {key.lower().replace("-", "_"): value for key, value in given.items()}
        targets = _lines(remaining.pop("targets", ""))
        if "targets_file" in remaining:
            with open(remaining.pop("targets_file"), encoding="utf-8", errors="surrogateescape") as file:
                targets += _lines(file.read())
        if not targets:
            raise UsageError('no target is named: option("targets", …) takes one a line')
        options = cls(targets, known=remaining.pop("known", None))
        options.partition_bytes = _number(remaining, "partition_bytes", options.partition_bytes)
        options.partition_targets = _number(remaining, "partition_targets", options.partition_targets)
        options.only_plan = _WORDS.get(remaining.pop("plan", "false").lower(), True)
        options.sweep = remaining.pop("sweep", "") or datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        # Spark runs a task on each core.
        options.scan = {"jobs": "1"}
        wants_audit = _WORDS.get(remaining.pop("audit", "false").lower(), True)
        policy = remaining.pop("policy", None)
        audit = {name: _value(remaining.pop(name)) for name in ("profile",) if name in remaining}
        for name in list(remaining):
            value = _value(remaining[name])
            if name in SCAN:
                options.scan[name] = value
            elif name in CATALOG:
                options.catalog[name] = _lines(value) if name in ("include", "exclude") else value
            elif name.startswith("scan."):
                options.scan[name.removeprefix("scan.")] = _several(value)
            elif name.startswith("audit."):
                audit[name.removeprefix("audit.")] = _several(value)
            else:
                continue
            del remaining[name]
        # Spark adds an option `path` for `load(path)`.
        remaining.pop("path", None)
        if remaining:
            raise UsageError(f"no such option: {', '.join(sorted(remaining))}")
        if wants_audit or audit or policy:
            options.audit = audit
            if audit.get("vulns"):
                options.scan.setdefault("symbols", True)
        if policy is not None:
            try:
                with open(policy, encoding="utf-8") as file:
                    options.policy = file.read()
            except OSError as error:
                raise PolicyError(f"cannot read the policy {policy}: {error.strerror}") from error
        return options


def _value(text: str) -> Any:
    return _WORDS.get(text.lower(), text)


def _several(value: Any) -> Any:
    return _lines(value) if isinstance(value, str) and "\n" in value else value


def _number(remaining: dict[str, str], name: str, default: int) -> int:
    text = remaining.pop(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"{name} is {text!r}: it needs a number of at least 1")
    return int(text)


def _lines(text: str) -> list[str]:
    if text.lstrip().startswith("["):
        try:
            return [str(item) for item in json.loads(text)]
        except ValueError:
            pass
    return [line.strip() for line in text.splitlines() if line.strip()]

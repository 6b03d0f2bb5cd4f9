"""Where logs go: one line each on stderr, without the values of variables. stdout is for answers."""

import sys
from typing import Any

import structlog


def log_to_stderr() -> None:
    """Call it once, at the start of a program that serves."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=_to_stderr,
    )


def _to_stderr(*_: Any) -> structlog.PrintLogger:
    """Whatever stderr is when the line is written."""
    return structlog.PrintLogger(sys.stderr)

"""Where logs go: one line each on stderr, without the values of variables. stdout is for answers."""

import logging
import os
import sys
from typing import Any

import structlog

from surge.model.errors import BadInput

LEVEL_VARIABLE = "SURGE_LOG_LEVEL"
LEVELS = ("debug", "info", "warning", "error")


def log_to_stderr(level: str | None = None) -> None:
    """Call it at the start of a program. Less than `level` (SURGE_LOG_LEVEL, info) is not written.

    Raises BadInput.
    """
    level = (level or os.environ.get(LEVEL_VARIABLE) or "info").lower()
    if level not in LEVELS:
        raise BadInput(f"{level!r} is no level for logs; use {', '.join(LEVELS)}")
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("surge").setLevel(number)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(number),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=_to_stderr,
    )


def _to_stderr(*_: Any) -> structlog.PrintLogger:
    """A logger to whatever stderr is when the line is written."""
    return structlog.PrintLogger(sys.stderr)

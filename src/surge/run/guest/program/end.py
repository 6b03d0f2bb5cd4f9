# mypy: ignore-errors
# ruff: noqa: BLE001, T201 — whatever a program raises there is told
"""How a program ends: as in CPython."""

import atexit
import errno
import gc
import sys
import traceback

from surge.run.guest.tagged import kinds

INTERRUPTED = 130
"""What a shell sees of a process that SIGINT ended."""


HERE = __file__.rpartition("/")[0]


def finish(modules):
    """What CPython does when a program is over: exit functions, then the modules' values, file by file."""
    try:
        atexit._run_exitfuncs()
    except BaseException as error:
        traceback.print_exception(error)
    for module in modules:
        _clear(module.__dict__)
    gc.collect()


def _clear(values):
    """In the order of CPython's _PyModule_ClearDict: what begins with one underscore goes first."""
    for private in (True, False):
        for name in list(values):
            if name != "__builtins__" and (name[:1] == "_" and name[1:2] != "_") is private:
                values[name] = None


def exit_code(stop):
    """Of a SystemExit, as a shell sees it; what is no number goes to stderr."""
    if stop.code is None:
        return 0
    if isinstance(stop.code, int):
        return stop.code & 0xFF if -(1 << 63) <= stop.code < 1 << 63 else 255
    try:
        said = str(stop.code)
    except BaseException:
        said = ""
    _say(said)
    return 1


def _say(text):
    print(text, file=sys.stderr)


def uncaught(error, home):
    """What CPython does with it: sys.excepthook shows it, if that is the program's own."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(HERE):
        trace = trace.tb_next
    error.__traceback__ = trace
    code = INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
    if sys.excepthook is sys.__excepthook__:
        _show(error, home)
        return code
    try:
        sys.excepthook(type(error), error, trace)
    except SystemExit as stop:
        return exit_code(stop)
    except BaseException as second:
        _say("Error in sys.excepthook:")
        traceback.print_exception(second)
        _say("\nOriginal exception was:")
        _show(error, home)
    return code


def _show(error, home):
    """The traceback, and what to do about a file that isn't here."""
    if isinstance(error, OSError) and error.errno is not None:
        error.errno = kinds.LINUX.get(errno.errorcode.get(error.errno), error.errno)
    traceback.print_exception(error)
    if isinstance(error, FileNotFoundError) and isinstance(error.filename, str):
        named = error.filename.removeprefix(home + "/")
        how = f"NAME={named}, and open NAME" if named.startswith("/") or ".." in named else named
        _say(f"(the sandbox has only the files that go with it: surge run --file {how})")
    if isinstance(error, EOFError):
        _say("(stdin is empty unless it is given: surge run --stdin FILE, - for yours)")

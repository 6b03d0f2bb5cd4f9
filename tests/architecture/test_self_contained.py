"""The tree builds from a name and a hash: it holds no download address, no half-done mark, no secret."""

import re

from .tree import files, name_of, tracked

# In two halves each, so that this file does not match itself.
ADDRESSES = [
    "pythonhosted" + ".org",
    "pypi.org" + "/simple",
    "registry.npmjs" + ".org",
    "registry.yarnpkg" + ".com",
    "static.crates" + ".io",
    "proxy.golang" + ".org",
    "--index" + "-url",
    "--extra-index" + "-url",
    "--find" + "-links",
]
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
WORKPLACE = re.compile(r"(?:^|[\s\"'`(=:])/(?:work|home|Users)/\w")


def texts():
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content:
            yield name_of(path), content.decode()


def test_no_address_of_a_package_registry():
    assert [(name, a) for name, text in texts() for a in ADDRESSES if a in text] == []


def test_no_lock_with_addresses():
    assert [name_of(p) for p in tracked() if p.name in {"uv.lock", "poetry.lock", "pdm.lock"}] == []


def test_nothing_is_left_half_done():
    assert [name for name, text in texts() if UNFINISHED.search(text)] == []


def test_no_path_of_one_machine():
    assert [name for name, text in texts() if WORKPLACE.search(text)] == []


def test_no_native_code_is_tracked():
    """`.cwasm` is machine code: it is compiled where it runs, never taken from anybody."""
    assert [name_of(p) for suffix in (".cwasm", ".so", ".dylib", ".dll") for p in files(suffix)] == []


def test_every_locked_package_has_a_hash():
    lock = next(p for p in tracked() if p.name == "requirements.lock").read_text()
    pinned = [line for line in lock.replace("\\\n", " ").splitlines() if "==" in line.split("#")[0]]
    assert len(pinned) > 20
    assert [line for line in pinned if "--hash=sha256:" not in line] == []

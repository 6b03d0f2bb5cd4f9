"""A sandbox's file tree against a plain model, and its accounts."""

from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from surge.run.wasi.files import Denied, Tree

BASE = {"usr/lib/a": b"one", "usr/lib/b": b"two"}
PATHS = st.sampled_from(
    ["", "tmp", "tmp/a", "tmp/b", "tmp/b/c", "d", "d/e", "usr", "usr/lib", "usr/lib/a", "usr/x"]
)


class Files(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.tree = Tree(lambda: BASE, {"tmp": None})
        self.model: dict[str, bytes | None] = {"tmp": None}

    def parent_is_open(self, path: str) -> bool:
        parent = path.rpartition("/")[0]
        return (
            bool(path)
            and not path.startswith("usr")
            and (parent == "" or self.model.get(parent, b"") is None)
        )

    @rule(path=PATHS, folder=st.booleans())
    def create(self, path: str, folder: bool) -> None:
        allowed = path not in self.model and self.parent_is_open(path)
        try:
            self.tree.create(path, folder)
            assert allowed
            self.model[path] = None if folder else b""
        except Denied:
            assert not allowed

    @rule(path=PATHS, content=st.binary(max_size=9), offset=st.integers(0, 20))
    def write(self, path: str, content: bytes, offset: int) -> None:
        before = self.model.get(path)
        body = self.tree.own.get(path)
        assert (before is None) == (body is None)
        if body is None or before is None:
            return
        self.tree.write(body, offset, content)
        padded = before.ljust(offset, b"\0") if content else before
        self.model[path] = padded[:offset] + content + padded[offset + len(content) :] if content else before

    @rule(path=PATHS, folder=st.booleans())
    def remove(self, path: str, folder: bool) -> None:
        empty = not any(other.startswith(f"{path}/") for other in self.model)
        allowed = path in self.model and (self.model[path] is None) == folder and (empty or not folder)
        try:
            self.tree.remove(path, folder)
            assert allowed
            del self.model[path]
        except Denied:
            assert not allowed

    @rule(old=PATHS, new=PATHS)
    def rename(self, old: str, new: str) -> None:
        try:
            self.tree.rename(old, new)
        except Denied:
            return
        assert old in self.model
        if old == new:
            return
        assert self.parent_is_open(new) or self.parent_is_open(old)
        self.model.pop(new, None)
        for path in [p for p in self.model if p == old or p.startswith(f"{old}/")]:
            self.model[new + path[len(old) :]] = self.model.pop(path)

    @invariant()
    def the_guests_files_are_the_models(self) -> None:
        assert self.tree.snapshot() == dict(sorted(self.model.items()))

    @invariant()
    def read_only_files_stay(self) -> None:
        assert {path: self.tree.body(path) for path in BASE} == BASE

    @invariant()
    def every_file_is_listed_in_its_folder(self) -> None:
        paths: Mapping[str, object] = {**self.model, **BASE}
        for path in paths:
            parent, _, name = path.rpartition("/")
            assert name in self.tree.names(parent)


TestFiles = Files.TestCase

"""Commands' input and output: what goes in comes out, and nothing else is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surge.model.command import MAX_ARGS, MAX_FILES, CommandInput, CommandOutput
from surge.model.errors import BadInput

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
PART = st.text(
    st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=8
).filter(lambda part: part not in (".", ".."))
FILES = st.dictionaries(
    st.lists(PART, min_size=1, max_size=3).map("/".join), st.binary(max_size=20), max_size=4
)


@given(st.lists(TEXT, max_size=5), st.binary(max_size=50), FILES)
def test_inputs_come_back(args: list[str], stdin: bytes, files: dict[str, bytes]) -> None:
    one = CommandInput(tuple(args), stdin, files)
    assert CommandInput.decode(one.encode()) == one
    shuffled = CommandInput(tuple(args), stdin, dict(reversed(files.items())))
    assert shuffled.encode() == one.encode()


@given(st.integers(0, 255), st.binary(max_size=50), st.binary(max_size=50))
def test_outputs_come_back(code: int, stdout: bytes, stderr: bytes) -> None:
    one = CommandOutput(code, stdout, stderr)
    assert CommandOutput.decode(one.encode()) == one


@given(st.binary(max_size=60))
def test_other_bytes_are_refused_or_are_an_input(body: bytes) -> None:
    for kind in (CommandInput, CommandOutput):
        try:
            again = kind.decode(body)
        except BadInput:
            continue
        assert kind.decode(again.encode()) == again


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".", "a\0b", "x" * 2000])
def test_files_stay_below_the_root(name: str) -> None:
    with pytest.raises(BadInput, match="no path"):
        CommandInput(files={name: b""})


def test_there_are_bounds() -> None:
    with pytest.raises(BadInput, match="arguments"):
        CommandInput(("a",) * (MAX_ARGS + 1))
    with pytest.raises(BadInput, match="files"):
        CommandInput(files={f"f{n}": b"" for n in range(MAX_FILES + 1)})
    with pytest.raises(BadInput, match="zero byte"):
        CommandInput(("a\0",))

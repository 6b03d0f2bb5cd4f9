# ruff: noqa: T201
"""What comes back: values, exceptions with their tracebacks, prints, and what is told beforehand."""

import copy
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import corpus
from corpus import LIMIT, Odd, Point, Scaler
from guests import Guest, answers, remote
from places import SRC, TESTS
from surge.model.errors import Distrusted, LimitExceeded, RemoteError
from surge.model.tagged.codec import encode
from surge.model.tagged.opaque import Opaque
from surge.model.task import OUT_OF_FUEL, RAISED, RETURNED, TRAPPED
from surge.renter.ship.call import Shipped, decode_outcome, encode_call, read_outcome, ship


def divides(x: int) -> float:
    inverse = 1 / x  # the line that fails
    return inverse + LIMIT


def outer(x: int) -> float:
    try:
        return divides(x)
    except ZeroDivisionError as error:
        raise Odd(x, "no inverse") from error


def test_a_builtin_exception_has_the_remote_traceback_as_cause(guest: Guest) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        remote(guest, divides, 0)
    told = str(caught.value.__cause__)
    line = divides.__code__.co_firstlineno + 1
    assert f'File "{__file__}", line {line}, in divides' in told
    assert "inverse = 1 / x  # the line that fails" in told
    assert "surge/run/guest" not in told


def test_a_shipped_exception_keeps_class_arguments_and_fields(guest: Guest) -> None:
    with pytest.raises(Odd, match="no inverse: 0") as caught:
        remote(guest, outer, 0)
    assert caught.value.value == 0
    assert "ZeroDivisionError" in str(caught.value.__cause__)


def test_other_exceptions_become_remote_errors(guest: Guest) -> None:
    def fails(_: int) -> None:
        import wave

        raise wave.Error("no")

    with pytest.raises(RemoteError, match=r"wave\.Error: no"):
        remote(guest, fails, 0)


def test_system_exit_stays_there(guest: Guest) -> None:
    with pytest.raises(RemoteError, match="SystemExit: 3"):
        remote(guest, lambda: sys.exit(3))


def test_notes_and_groups(guest: Guest) -> None:
    def fails() -> None:
        error = ValueError("x")
        error.add_note("while counting")
        raise error

    with pytest.raises(ValueError, match="x") as caught:
        remote(guest, fails)
    assert caught.value.__notes__ == ["while counting"]
    with pytest.raises(ExceptionGroup) as group:
        remote(guest, lambda: (_ for _ in ()).throw(ExceptionGroup("g", [ValueError(1), KeyError("k")])))
    assert [type(e) for e in group.value.exceptions] == [ValueError, KeyError]


def test_prints_come_along(guest: Guest) -> None:
    def talks(x: int) -> int:
        print("out", x)
        print("err", file=sys.stderr)
        return x

    first, second = answers(guest, talks, [(1,), (2,)])
    assert (first.value, first.prints) == (1, (("stdout", "out 1\n"), ("stderr", "err\n")))
    assert second.prints[0] == ("stdout", "out 2\n")


def test_prints_are_bounded(guest: Guest) -> None:
    def floods() -> None:
        for _ in range(100):
            print("x" * 10_000)

    (answer,) = answers(guest, floods, [()])
    assert sum(len(text) for _, text in answer.prints) < 300_000
    assert "more bytes of prints were dropped" in answer.prints[-1][1]


def test_other_objects_stay_closed(guest: Guest) -> None:
    def strange() -> object:
        import fractions
        import string

        return [string.Template("$a"), fractions.Fraction(1, 2)]

    found, half = remote(guest, strange)
    assert isinstance(found, Opaque)
    assert found.type_name == "string.Template"
    assert half * 2 == 1
    with pytest.raises(TypeError, match="can't travel"):
        remote(guest, lambda: (n for n in range(3)))


def test_shared_state_within_a_chunk_and_keyword_arguments(guest: Guest) -> None:
    shipped = ship(corpus.plain)
    given = encode_call((1, 2, 3), {"z": 5, "more": 7}, shipped)
    ((status, output),) = guest.outcomes(shipped.code, [given])
    assert decode_outcome(status, output, shipped) == corpus.plain(1, 2, 3, z=5, more=7)


class Unmentioned:
    def __init__(self, x: int) -> None:
        self.x = x


def test_classes_of_arguments_travel_with_them(guest: Guest) -> None:
    found = answers(guest, lambda p: (p.x, p), [(Unmentioned(1),), (Unmentioned(2),), (Point(3),)])
    assert [type(a.value[1]) for a in found] == [Unmentioned, Unmentioned, Point]
    assert [a.value[0] for a in found] == [1, 2, 3]


def test_limits_are_told_apart() -> None:
    shipped = ship(divides)
    with pytest.raises(LimitExceeded, match="ran out of fuel"):
        decode_outcome(OUT_OF_FUEL, b"", shipped)
    with pytest.raises(LimitExceeded, match="broke its sandbox"):
        decode_outcome(TRAPPED, b"", shipped)


@pytest.mark.parametrize(
    ("status", "value"),
    [
        ("won", 1),
        (RAISED, 1),
        (RAISED, [1, 2, 3, 4, 5]),
        (RAISED, ["a", "b", "c", None, ["stdout"]]),
        (RAISED, ["a", "b", "c", None, 3]),
    ],
)
def test_malformed_outcomes(status: str, value: object) -> None:
    with pytest.raises(Distrusted):
        decode_outcome(status, encode(value), ship(divides))


def test_a_forged_exception_is_not_believed() -> None:
    forged = encode(["KeyboardInterrupt", "", "text", b"\x94\xd4\x17\x00\xb1KeyboardInterrupt\x90\x80", []])
    with pytest.raises(RemoteError, match="KeyboardInterrupt"):
        decode_outcome(RAISED, forged, ship(divides))


def test_same_function_same_bytes() -> None:
    program = "from corpus_cases import CASES; from surge.renter.ship.call import ship; import hashlib\n"
    program += (
        "f = [ship(CASES[n][0]).code for n in ('dataclass', 'subclass registry', 'modules', 'plain')]\n"
    )
    program += "print(hashlib.sha256(b''.join(f)).hexdigest())"
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONPATH": f"{SRC}:{TESTS}", "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


MEMORY: dict[int, int] = {}


def remembers(x: int) -> int:
    MEMORY[x] = x
    return len(MEMORY)


def test_warnings() -> None:
    (line,) = ship(remembers).warnings
    assert "changes the global 'MEMORY'" in line
    assert ship(divides).warnings == ()


def test_images_hold_what_the_code_imports() -> None:
    def fits(x: int) -> Any:
        import sklearn.svm
        from scipy import optimize

        return sklearn.svm.SVC(C=x), optimize

    assert ship(fits).modules == ("scipy", "scipy.optimize", "sklearn.svm")
    assert ship(lambda: np.ones(2)).modules == ("numpy",)
    assert ship(divides).modules == ()


def test_whole_modules(guest: Guest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "ourlib"
    package.mkdir()
    (package / "__init__.py").write_text("from ourlib.inner import Thing\nfrom . import other\n")
    (package / "inner.py").write_text("class Thing:\n    def __init__(self, x):\n        self.x = x\n")
    (package / "other.py").write_text("import math\n\ndef root(x):\n    return math.sqrt(x)\n")
    monkeypatch.syspath_prepend(tmp_path)
    import ourlib  # type: ignore[import-not-found]

    def uses(x: int) -> Any:
        return ourlib.other.root(x), ourlib.Thing(x), isinstance(ourlib.Thing(1), Thing)

    from ourlib import Thing  # type: ignore[import-not-found]

    root, thing, same = remote(guest, uses, 16)
    assert (root, thing.x, same) == (4.0, 16, True)
    assert type(thing) is Thing


def test_callable_instance_keeps_its_fields(guest: Guest) -> None:
    assert remote(guest, Scaler(5), 2) == 10


@pytest.mark.parametrize("status", [RETURNED, RAISED])
def test_garbage(status: str) -> None:
    shipped: Shipped = ship(divides)
    with pytest.raises(Distrusted):
        decode_outcome(status, b"\xc1", shipped)


def test_a_script_of_its_own(tmp_path: Path) -> None:
    """Functions of `__main__`."""
    script = tmp_path / "own.py"
    script.write_text(
        textwrap.dedent("""
        from dataclasses import dataclass
        from guests import NativeGuest, remote
        @dataclass
        class P:
            x: int
        def f(p):
            return [P(p.x + 1), __name__]
        if __name__ == "__main__":
            guest = NativeGuest()
            print(remote(guest, f, P(1)))
            guest.close()
        """)
    )
    ran = subprocess.run(
        [sys.executable, str(script)],
        env={"PYTHONPATH": f"{SRC}:{TESTS}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "[P(x=2), '__main__']\n"


def _made(number: int) -> type:
    class P:
        def who(self) -> int:
            return number

    return P


def same(x: Any) -> Any:
    return x


def test_two_classes_of_one_name_stay_two(guest: Guest) -> None:
    """In calls of one function, whose answers are read when both have been sent."""
    one, two = _made(1), _made(2)
    shipped = ship(same)
    inputs = [encode_call((kind(),), {}, shipped) for kind in (one, two, one)]
    answers = [read_outcome(*outcome, shipped).result() for outcome in guest.outcomes(shipped.code, inputs)]
    assert [type(x) for x in answers] == [one, two, one]
    assert [x.who() for x in answers] == [1, 2, 1]
    assert len(shipped.classes) == 2


def test_what_is_closed_says_how_to_open_it() -> None:
    closed = Opaque("birch.Birch", "Birch()", b"")
    with pytest.raises(AttributeError, match=r"a birch\.Birch came back closed.*then it has predict"):
        closed.predict  # type: ignore[attr-defined] # noqa: B018
    assert not hasattr(closed, "__array__")
    assert copy.copy(closed) == closed == pickle.loads(pickle.dumps(closed))  # noqa: S301

"""Changes functions of a compiled wasm module, found by their names: the interpreter's NumPy is fitted so.

A *graft* is a module of its own, written as text, whose exports take the place of functions of the *stock*:

* import "original" NAME is the stock's function as it was before NAME was replaced;
* import from any other module is a function of the stock by its name, and its type must match;
* import global "stack" is the stock's first global, the stack pointer of C;
* import global "data" is the address of the graft's own constants, in a page behind the stock's memory.

An export replaces the function of its name, or each one of those that `spread` lists for it. What is not
exported is added. Calls, function tables and exports of the stock see the new functions, because they keep
the old numbers. Formats: https://webassembly.github.io/spec/core/binary/index.html.

The stock is trusted (its digest is checked before); what doesn't fit raises GraftError.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from surge.run.graft.binary import (
    BLOCKS,
    CALL,
    CALL_INDIRECT,
    CODE,
    DATA,
    FUNCTION,
    GLOBAL_GET,
    GLOBAL_SET,
    I32_CONST,
    MEMORY,
    TYPE,
    GraftError,
    Instruction,
    instructions,
    names_of,
    number,
    packed,
    packed_signed,
    read,
    signed,
)  # fmt: skip

PAGE = 1 << 16


@dataclass(frozen=True, slots=True)
class Edit:
    """In each function whose name matches `functions`, `old` becomes `new`, `count` times in all.

    `old` is asked for each instruction and the one behind it, or is the name of a function that is called.
    `new` is bytes, or the name of a function of the graft that is called instead.
    """

    functions: str
    old: Callable[[Instruction, Instruction], bool] | str
    new: bytes | str
    count: int


class Grafting:
    """One graft onto one stock."""

    def __init__(self, stock: bytes, graft: bytes, spread: Mapping[str, Sequence[str]]) -> None:
        self._stock, self._graft = read(stock), read(graft)
        self._spread = spread
        self._names = names_of(self._stock)
        self._base = len(self._stock.imported)
        self._number: dict[str, int] = {}
        met: dict[str, int] = {}
        for function in sorted(self._names):
            name = self._names[function]
            met[name] = met.get(name, 0) + 1
            self._number[name if met[name] == 1 else f"{name}#{met[name]}"] = function
        self._bodies = list(self._stock.bodies)
        self._type_of = list(self._stock.type_of)
        self._types = [*self._stock.types, *self._graft.types]
        self._data_at = 0
        self._added: dict[str, int] = {}

    def find(self, name: str) -> int:
        """The stock's function; `name#2` is the second of that name."""
        if name not in self._number:
            raise GraftError(f"the interpreter has no function {name}")
        return self._number[name]

    def result(self, edits: Sequence[Edit]) -> bytes:
        """The whole module, after the graft and the edits."""
        self._data_at = self._pages() * PAGE
        graft_base = len(self._graft.imported)
        exported = {index: name for name, kind, index in self._graft.exports if kind == 0}
        placed: dict[int, int] = {}
        for at in range(len(self._graft.bodies)):
            placed[graft_base + at] = self._append(b"", self._graft.type_of[at] + len(self._stock.types))
        for index, name in self._graft_names().items():
            if index in placed:
                self._added[name] = placed[index]
        for index, place in placed.items():
            body = self._graft.bodies[index - graft_base]
            targets = self._spread.get(
                exported.get(index, ""), [exported[index]] if index in exported else []
            )
            for target in targets:
                self._replace(target, body, index, placed)
            if not targets:
                self._bodies[place - self._base] = self._fitted(body, placed, None)
            else:  # its place stays a stub that nothing calls
                self._bodies[place - self._base] = b"\x00\x00\x0b"
        for edit in edits:
            self._edit(edit)
        return self._written()

    def _graft_names(self) -> dict[int, str]:
        return names_of(self._graft)

    def _append(self, body: bytes, kind: int) -> int:
        self._bodies.append(body)
        self._type_of.append(kind)
        return self._base + len(self._bodies) - 1

    def _replace(self, target: str, body: bytes, index: int, placed: Mapping[int, int]) -> None:
        function = self.find(target)
        if self._stock.signature(function) != self._graft.signature(index):
            raise GraftError(f"{target} has another type")
        moved = self._append(self._bodies[function - self._base], self._type_of[function - self._base])
        self._bodies[function - self._base] = self._fitted(body, placed, moved)

    def _fitted(self, body: bytes, placed: Mapping[int, int], original: int | None) -> bytes:
        """A body of the graft with the stock's numbers."""
        locals_, steps = instructions(body)
        out = bytearray(locals_)
        for step in steps:
            out += self._fit(step, placed, original)
        return bytes(out)

    def _fit(self, step: Instruction, placed: Mapping[int, int], original: int | None) -> bytes:
        if step.code == CALL:
            return bytes([CALL]) + packed(self._target(step.numbers[0], placed, original))
        if step.code == CALL_INDIRECT:
            kind, table = step.numbers
            return bytes([CALL_INDIRECT]) + packed(kind + len(self._stock.types)) + packed(table)
        if step.code in BLOCKS and step.numbers[0] >= 0:
            return bytes([step.code]) + packed_signed(step.numbers[0] + len(self._stock.types))
        if step.code in (GLOBAL_GET, GLOBAL_SET):
            names = [name for _, name, kind, _ in self._graft.imports if kind == 3]
            if names[step.numbers[0]] == "stack":
                return bytes([step.code, 0])
            return bytes([I32_CONST]) + packed_signed(self._data_at)
        return step.raw

    def _target(self, function: int, placed: Mapping[int, int], original: int | None) -> int:
        if function in placed:
            return placed[function]
        room, name, _ = self._graft.imported[function]
        if room == "original":
            if original is None:
                raise GraftError(f"{name} is called as an original where nothing is replaced")
            return original
        found = self.find(name)
        if self._stock.signature(found) != self._graft.signature(function):
            raise GraftError(f"{name} has another type")
        return found

    def _edit(self, edit: Edit) -> None:
        new = edit.new if isinstance(edit.new, bytes) else bytes([CALL]) + packed(self._added[edit.new])
        old = self._calls(edit.old) if isinstance(edit.old, str) else edit.old
        pattern, done = re.compile(edit.functions), 0
        for name, function in self._number.items():
            if not pattern.fullmatch(name):
                continue
            place = self._current(function)
            locals_, rest = instructions(self._bodies[place])
            steps = list(rest)
            out = bytearray(locals_)
            for step, behind in pairwise([*steps, steps[-1]]):
                fits = old(step, behind)
                done += fits
                out += new if fits else step.raw
            self._bodies[place] = bytes(out)
        if done != edit.count:
            raise GraftError(f"{edit.functions}: {done} instructions fit, not {edit.count}")

    def _calls(self, name: str) -> Callable[[Instruction, Instruction], bool]:
        function = self.find(name)
        return lambda step, _: step.code == CALL and step.numbers == (function,)

    def _current(self, function: int) -> int:
        """Where the stock's own body of a function lies now: moved, if the function was replaced."""
        own = self._stock.bodies[function - self._base]
        if self._bodies[function - self._base] is own:
            return function - self._base
        for place in range(len(self._stock.bodies), len(self._bodies)):
            if self._bodies[place] is own:
                return place
        return function - self._base

    def _pages(self) -> int:
        for kind, body in self._stock.sections:
            if kind == MEMORY:
                return number(body, 2)[0]
        raise GraftError("the interpreter has no memory of its own")

    def _constants(self) -> bytes:
        """The graft's data, from its address 0 on."""
        whole = bytearray()
        for kind, body in self._graft.sections:
            count, at = number(body, 0) if kind == DATA else (0, 0)
            for _ in range(count):
                start, at = signed(body, at + 2)  # active, i32.const
                size, at = number(body, at + 1)  # end
                whole.extend(bytes(max(0, start + size - len(whole))))
                whole[start : start + size] = body[at : at + size]
                at += size
        return bytes(whole)

    def _written(self) -> bytes:
        out = bytearray(b"\0asm\1\0\0\0")
        constants = self._constants()
        for kind, body in self._stock.sections:
            new = body
            if kind == TYPE:
                new = packed(len(self._types)) + b"".join(self._types)
            elif kind == FUNCTION:
                new = packed(len(self._type_of)) + b"".join(map(packed, self._type_of))
            elif kind == CODE:
                parts = [packed(len(self._bodies))]
                for one in self._bodies:
                    parts += (packed(len(one)), one)
                new = b"".join(parts)
            elif kind == MEMORY and constants:
                _, at = number(body, 2)
                new = body[:2] + packed(self._pages() + 1) + body[at:]
            elif kind == DATA and constants:
                count, at = number(body, 0)
                segment = (
                    b"\0\x41" + packed_signed(self._data_at) + b"\x0b" + packed(len(constants)) + constants
                )
                new = packed(count + 1) + body[at:] + segment
            out += bytes([kind]) + packed(len(new)) + new
        return bytes(out)

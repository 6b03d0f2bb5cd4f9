"""The binary format of wasm, as far as a graft needs it: sections, numbers, names, instructions.

https://webassembly.github.io/spec/core/binary/index.html. Input is trusted: its digest is checked before.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

CUSTOM, TYPE, IMPORT, FUNCTION, MEMORY, EXPORT, CODE, DATA = 0, 1, 2, 3, 5, 7, 10, 11
CALL, CALL_INDIRECT, GLOBAL_GET, GLOBAL_SET, I32_CONST, FUNCTION_TYPE = 0x10, 0x11, 0x23, 0x24, 0x41, 0x60
BLOCKS = frozenset({0x02, 0x03, 0x04, 0x06})
ONE_INDEX = frozenset(
    {0x07, 0x08, 0x09, 0x0C, 0x0D, 0x10, 0x18, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0xD2}
)
NUMERIC, VECTOR, BR_TABLE, SELECT_TYPED, TRY_TABLE = 0xFC, 0xFD, 0x0E, 0x1C, 0x1F


class GraftError(ValueError):
    """The graft doesn't fit the stock."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its code (a sub-code after 0xFC and 0xFD), its immediate numbers, and its bytes."""

    code: int
    sub: int
    numbers: tuple[int, ...]
    raw: bytes


@dataclass(slots=True)
class Module:
    """The sections of a module in their order, and what the first ones say."""

    sections: list[tuple[int, bytes]]
    types: list[bytes] = field(default_factory=list)
    imports: list[tuple[str, str, int, bytes]] = field(default_factory=list)
    """(module, name, kind, description) each; kind 0 is a function, whose description is its type."""
    type_of: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    exports: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def imported(self) -> list[tuple[str, str, int]]:
        """(module, name, type) of each imported function."""
        return [(m, n, number(d, 0)[0]) for m, n, kind, d in self.imports if kind == 0]

    def signature(self, function: int) -> bytes:
        """The type of a function by its number, imports first."""
        imported = self.imported
        if function < len(imported):
            return self.types[imported[function][2]]
        return self.types[self.type_of[function - len(imported)]]


def number(content: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 and the place behind it."""
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def signed(content: bytes, at: int) -> tuple[int, int]:
    """A signed LEB128 and the place behind it."""
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value - (1 << shift) if byte & 0x40 else value), at


def packed(value: int) -> bytes:
    """An unsigned LEB128."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def packed_signed(value: int) -> bytes:
    """A signed LEB128."""
    out = bytearray()
    while not -64 <= value < 64:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value & 0x7F])


def _text(content: bytes, at: int) -> tuple[str, int]:
    size, at = number(content, at)
    return content[at : at + size].decode(), at + size


def read(content: bytes) -> Module:
    """Take a module apart, as far as a graft needs it."""
    module = Module([])
    at = 8
    while at < len(content):
        kind = content[at]
        size, start = number(content, at + 1)
        at = start + size
        body = content[start:at]
        module.sections.append((kind, body))
        _READERS.get(kind, _skip)(module, body)
    return module


def _skip(_module: Module, _body: bytes) -> None:
    """Nothing of this section is needed."""


def _read_types(module: Module, body: bytes) -> None:
    count, at = number(body, 0)
    for _ in range(count):
        start = at
        if body[at] != FUNCTION_TYPE:
            raise GraftError("a type that is no function's")
        at += 1
        for _ in range(2):
            size, at = number(body, at)
            at += size
        module.types.append(body[start:at])


def _read_imports(module: Module, body: bytes) -> None:
    count, at = number(body, 0)
    for _ in range(count):
        room, at = _text(body, at)
        name, at = _text(body, at)
        kind, start = body[at], at + 1
        at = start
        if kind == 0:
            _, at = number(body, at)
        elif kind == 3:
            at += 2
        else:  # a memory or a table: limits
            at += 1 if kind == 1 else 0
            bounded = body[at] & 1
            _, at = number(body, at + 1)
            if bounded:
                _, at = number(body, at)
        module.imports.append((room, name, kind, body[start:at]))


def _read_functions(module: Module, body: bytes) -> None:
    count, at = number(body, 0)
    for _ in range(count):
        kind, at = number(body, at)
        module.type_of.append(kind)


def _read_exports(module: Module, body: bytes) -> None:
    count, at = number(body, 0)
    for _ in range(count):
        name, at = _text(body, at)
        kind = body[at]
        index, at = number(body, at + 1)
        module.exports.append((name, kind, index))


def _read_code(module: Module, body: bytes) -> None:
    count, at = number(body, 0)
    for _ in range(count):
        size, at = number(body, at)
        module.bodies.append(body[at : at + size])
        at += size


_READERS: dict[int, Callable[[Module, bytes], None]] = {
    TYPE: _read_types,
    IMPORT: _read_imports,
    FUNCTION: _read_functions,
    EXPORT: _read_exports,
    CODE: _read_code,
}


def names_of(module: Module) -> dict[int, str]:
    """Function number → name, from the module's `name` section."""
    names: dict[int, str] = {}
    for kind, body in module.sections:
        if kind != CUSTOM:
            continue
        title, at = _text(body, 0)
        while title == "name" and at < len(body):
            part = body[at]
            size, start = number(body, at + 1)
            at = start + size
            if part == 1:
                count, place = number(body, start)
                for _ in range(count):
                    function, place = number(body, place)
                    names[function], place = _text(body, place)
    return names


def instructions(body: bytes) -> tuple[bytes, Iterator[Instruction]]:
    """A function's declaration of its locals, and its instructions."""
    count, at = number(body, 0)
    for _ in range(count):
        _, at = number(body, at)
        at += 1
    return body[:at], _instructions(body, at)


def _instructions(body: bytes, at: int) -> Iterator[Instruction]:
    while at < len(body):
        start, code, sub = at, body[at], 0
        at += 1
        numbers: tuple[int, ...] = ()
        if code in BLOCKS or code in (I32_CONST, 0x42):
            value, at = signed(body, at)
            numbers = (value,)
        elif code in ONE_INDEX:
            value, at = number(body, at)
            numbers = (value,)
        elif code == CALL_INDIRECT or 0x28 <= code <= 0x3E:
            first, at = number(body, at)
            second, at = number(body, at)
            numbers = (first, second)
        elif code in (0x3F, 0x40, 0xD0):
            at += 1
        elif code in (0x43, 0x44):
            at += 4 if code == 0x43 else 8
        elif code in (BR_TABLE, SELECT_TYPED):
            count, at = number(body, at)
            for _ in range(count + (code == BR_TABLE)):
                _, at = number(body, at)
        elif code == TRY_TABLE:
            at = _behind_catches(body, at)
        elif code in (NUMERIC, VECTOR):
            sub, at = number(body, at)
            at = (_behind_numeric if code == NUMERIC else _behind_vector)(body, at, sub)
        yield Instruction(code, sub, numbers, body[start:at])


def _behind_catches(body: bytes, at: int) -> int:
    _, at = signed(body, at)
    count, at = number(body, at)
    for _ in range(count):
        kind = body[at]
        at += 1
        for _ in range(2 if kind < 2 else 1):
            _, at = number(body, at)
    return at


def _behind_numeric(body: bytes, at: int, sub: int) -> int:
    for _ in range(0 if sub < 8 else 2 if sub in (8, 10, 12, 14) else 1):
        _, at = number(body, at)
    return at


def _behind_vector(body: bytes, at: int, sub: int) -> int:
    if sub <= 11 or sub in (92, 93) or 84 <= sub <= 91:
        _, at = number(body, at)
        _, at = number(body, at)
        return at + (84 <= sub <= 91)
    if sub in (12, 13):
        return at + 16
    return at + (21 <= sub <= 34)

"""Blueprints (ERC-5202): contracts whose code is the creation code of other contracts."""

from surge.model.digest import keccak

PREAMBLE = bytes.fromhex("fe7100")
"""An invalid opcode, so that a blueprint is never executed; ERC-5202's mark; version 0 without a section."""


def blueprint_creation(creation_code: bytes) -> bytes:
    """The creation transaction's content for a blueprint of `creation_code` (an artefact's bytecode)."""
    code = PREAMBLE + creation_code
    # PUSH2 length, RETURNDATASIZE, DUP2, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURN: returns what follows.
    return b"\x61" + len(code).to_bytes(2, "big") + bytes.fromhex("3d81600a3d39f3") + code


def pair_code_hash(creation_code: bytes) -> bytes:
    """Of Pair's creation code: what Router computes the pairs' addresses with."""
    return keccak(creation_code)

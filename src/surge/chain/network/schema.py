"""The address book's JSON Schema, made from the types that read it."""

from dataclasses import fields
from typing import Any, get_type_hints

import msgspec

from surge.chain.network.book import CONTRACTS, CREDIT_CONTRACTS, AddressBook, CreditBook, Parameters
from surge.model.credit import MarketParams
from surge.model.units import Address

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ADDRESS = {"$ref": "#/$defs/Address"}


def book_schema() -> dict[str, Any]:
    """What a book.json must look like. It is as strict as an editor's help should be: unknown names are
    refused, addresses have their form (that their EIP-55 capitals are right only Surge can tell)."""
    schema = msgspec.json.schema(AddressBook)
    defined: dict[str, Any] = schema["$defs"]
    for kind in (AddressBook, CreditBook, MarketParams, Parameters):
        one, hints = defined[kind.__name__], get_type_hints(kind)
        one["description"] = "\n".join(line.strip() for line in one["description"].splitlines())
        one["additionalProperties"] = False
        for each in fields(kind):
            if hints[each.name] == Address:
                one["properties"][each.name] = _ADDRESS
            elif hints[each.name] == Address | None:
                one["properties"][each.name]["anyOf"][0] = _ADDRESS
            elif hints[each.name] == dict[str, Address]:
                one["properties"][each.name]["additionalProperties"] = _ADDRESS
            elif hints[each.name] is int or getattr(hints[each.name], "__supertype__", None) is int:
                one["properties"][each.name]["minimum"] = 0
    defined["Address"] = {
        "description": "20 bytes, in EIP-55 form.",
        "type": "string",
        "pattern": "^0x[0-9a-fA-F]{40}$",
    }
    defined["AddressBook"]["properties"]["addresses"]["required"] = list(CONTRACTS)
    lending = {"properties": {"addresses": {"required": list(CREDIT_CONTRACTS)}}}
    with_credit = {"properties": {"credit": {"type": "object"}}, "required": ["credit"]}
    return {
        "$schema": DIALECT,
        "title": "The address book of a Surge network",
        **schema,
        "if": with_credit,
        "then": lending,
    }

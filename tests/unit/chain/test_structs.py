"""Nouns that cross to a contract have its struct's fields, in its order."""

import json
from dataclasses import fields

import pytest

from places import ARTIFACTS
from surge.model.credit import MarketParams, MarketState, Position
from surge.model.lease import Terms


def struct(contract, function, place):
    """Names of the members of a struct among a function's `inputs` or `outputs`."""
    abi = json.loads((ARTIFACTS / f"{contract}.json").read_text())["abi"]
    entry = next(one for one in abi if one.get("name") == function)
    (found,) = [one for one in entry[place] if one["type"] == "tuple"]
    return [member["name"] for member in found["components"]]


@pytest.mark.parametrize(
    ("noun", "contract", "function", "place"),
    [
        (MarketParams, "Credit", "create_market", "inputs"),
        (MarketState, "Credit", "market", "outputs"),
        (Position, "Credit", "position", "outputs"),
        (Terms, "Market", "top_up", "inputs"),
    ],
)
def test_a_noun_has_the_fields_of_its_struct(noun, contract, function, place):
    assert [field.name for field in fields(noun)] == struct(contract, function, place)

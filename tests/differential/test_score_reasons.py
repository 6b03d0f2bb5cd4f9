"""What match/score.py says of a rejected ask, where the bytecode only says no."""

from dataclasses import replace

import pytest

from surge.match.score import choose, explain
from surge.model.ask import Ask
from surge.model.demand import Demand

DEMAND = Demand(1_000_000, 500_000, slots=2, accelerator=1, accelerator_memory=16, runtime=1)
ASK = Ask(1_000_000, 500_000, slots=8, accelerator=1, accelerator_memory=16, runtime=1, active=1)
REJECTIONS = [
    ({"active": 0}, "withdrawn", ()),
    ({"runtime": 0xBEEF}, "runtime", ("beef", "0001")),
    ({"accelerator": 2}, "accelerator class", ("2", "1")),
    ({"accelerator_memory": 8}, "accelerator has", ("8 GiB", "16")),
    ({"memory_tier": 9}, "MiB", ("512", "1024")),
    ({"load": 7}, "slots", ("1 of its 8", "2")),
    ({"price_gfuel": 2_000_000}, "Gfuel", ("2.00", "1.00")),
    ({"price_gib": 3_000_000}, "per GiB", ("3.00", "0.50")),
]


@pytest.mark.parametrize(("change", "noun", "numbers"), REJECTIONS, ids=[noun for _, noun, _ in REJECTIONS])
def test_a_rejection_names_its_reason_with_both_numbers(
    change: dict[str, int], noun: str, numbers: tuple[str, ...]
) -> None:
    assert explain(ASK, DEMAND) == []
    (reason,) = explain(replace(ASK, **change), DEMAND)
    assert noun in reason
    assert all(number in reason for number in numbers), reason


def test_all_reasons_come_in_one_order() -> None:
    changes = {name: value for change, *_ in REJECTIONS for name, value in change.items()}
    reasons = explain(replace(ASK, **changes), DEMAND)
    assert len(reasons) == len(REJECTIONS)
    assert all(noun in reason for reason, (_, noun, _) in zip(reasons, REJECTIONS, strict=True))


@pytest.mark.parametrize("change", [change for change, *_ in REJECTIONS], ids=str)
def test_a_rejected_ask_is_never_chosen(change: dict[str, int]) -> None:
    rejected = replace(ASK, **change)
    assert choose(DEMAND, [rejected], [rejected]) is None
    assert choose(DEMAND, [rejected, ASK], [rejected]) == 1
    assert choose(DEMAND, [rejected], [rejected, ASK]) == 2

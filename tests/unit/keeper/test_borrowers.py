"""Whom a keeper looks at: who owes something each time, the others one after the other."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from surge.keeper.borrowers import SOME, Borrowers
from surge.model.credit import MarketId

HERE, THERE = (MarketId(bytes([digit]) * 32) for digit in (1, 2))


def told(name, account, shares, market=HERE):
    whose = "borrower" if name == "Liquidated" else "on_behalf"
    return SimpleNamespace(name=name, members={"id": f"0x{market.hex()}", whose: account, "shares": shares})


def ghosts(count):
    """Each borrowed, and repaid all of it."""
    return [
        told(name, f"ghost {n}", 5) for n in range(count) for name in ("Borrowed", "Repaid")
    ]  # fmt: skip


def test_who_owes_nothing_is_looked_at_seldom():
    known = Borrowers()
    known.follow([*ghosts(10 * SOME), told("Borrowed", "owes", 7)])
    seen = [known.due(HERE) for _ in range(10)]
    assert {len(each) for each in seen} == {1 + SOME}
    assert {each[0] for each in seen} == {"owes"}
    assert {account for each in seen for account in each[1:]} == {f"ghost {n}" for n in range(10 * SOME)}
    assert known.due(THERE) == []


def test_a_liquidation_in_part_leaves_a_debt_and_the_whole_none():
    known = Borrowers()
    known.follow([*ghosts(2 * SOME), told("Borrowed", "owes", 7), told("Liquidated", "owes", 3)])
    assert known.due(HERE)[0] == "owes"
    known.follow([told("Liquidated", "owes", 4)])
    assert "owes" not in known.due(HERE) + known.due(HERE)
    known.follow([told("Borrowed", "owes", 1), told("Borrowed", "owes", 1, THERE)])
    assert known.due(HERE)[0] == "owes"
    assert known.due(THERE) == ["owes"]


def test_who_has_a_debt_that_no_event_told_of_is_looked_at_until_it_is_gone():
    known = Borrowers()
    known.follow(ghosts(5 * SOME))
    known.seen(HERE, ["ghost 1"])
    assert all(known.due(HERE)[0] == "ghost 1" for _ in range(3))
    known.seen(HERE, [])
    assert "ghost 1" not in known.due(HERE)


MOVES = st.tuples(st.integers(0, 5), st.integers(1, 9), st.sampled_from(["Repaid", "Liquidated"]))


@given(st.lists(st.tuples(st.booleans(), MOVES)), st.integers(0, 40))
def test_whoever_owes_by_the_events_is_always_due(moves, cut):
    """Told at once or in two parts."""
    owed, events = {}, ghosts(SOME)
    for borrows, (who, shares, how) in moves:
        taken = shares if borrows else min(shares, owed.get(who, 0))
        owed[who] = owed.get(who, 0) + (taken if borrows else -taken)
        if taken:
            events.append(told("Borrowed" if borrows else how, who, taken))
    known = Borrowers()
    known.follow(events[:cut])
    known.follow(events[cut:])
    due = known.due(HERE)
    owing = {who for who, shares in owed.items() if shares}
    assert set(due[: len(owing)]) == owing
    assert len(due) <= len(owing) + SOME

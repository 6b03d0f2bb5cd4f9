"""Registry: the lists of a class, without gaps: one for each size."""

from dataclasses import replace

import boa
from coincurve import PrivateKey

from contracts.worlds.actors import ASK, CHEATER, NOBODY, address, ask_of, events, publish
from contracts.worlds.paid_lease import Compute, asks_in
from surge.match.draw import counts_from, size_of


def test_classes_have_no_gaps(compute: Compute) -> None:
    keys = [PrivateKey(bytes([n]) * 32) for n in range(40, 45)]
    members = [publish(compute, key) for key in keys]
    kind, other = ASK.sampling_class, replace(ASK, memory_tier=12)

    def check(expected: list[str], kind: int = kind) -> None:
        assert asks_in(compute, kind) == len(expected)
        for index, member in enumerate(expected):
            assert compute.registry.member(kind, size_of(ASK.slots), index) == member
            assert (ask_of(compute, member).index, ask_of(compute, member).active) == (index, 1)
        assert compute.registry.member(kind, size_of(ASK.slots), len(expected)) == NOBODY

    compute.registry.withdraw_ask(sender=members[1])
    assert events(compute.registry, "AskWithdrawn")[0].provider == members[1]
    check([members[0], members[4], members[2], members[3]])
    compute.registry.withdraw_ask(sender=members[3])  # the last one
    check([members[0], members[4], members[2]])
    compute.registry.publish(other.word, "ticket", sender=members[0])  # moves to another class
    check([members[2], members[4]])
    check([members[0]], other.sampling_class)
    compute.registry.publish(ASK.word, "ticket", sender=members[1])
    check([members[2], members[4], members[1]])
    assert compute.registry.providers_count() == 5
    with boa.reverts("Registry: no active ask"):
        compute.registry.withdraw_ask(sender=members[3])
    with boa.reverts("Registry: no active ask"):
        compute.registry.withdraw_ask(sender=address(CHEATER))


def test_other_slots_are_another_list(compute: Compute) -> None:
    """Of a class, one for each doubling; within a doubling an ask keeps its place."""
    keys = [PrivateKey(bytes([n]) * 32) for n in range(40, 43)]
    members = [publish(compute, key, replace(ASK, slots=15)) for key in keys]
    kind = ASK.sampling_class

    def check(*lists: tuple[int, list[str]]) -> None:
        counts = [0] * 8
        for size, expected in lists:
            counts[size] = len(expected)
            for index, member in enumerate(expected):
                assert compute.registry.member(kind, size, index) == member
                assert (ask_of(compute, member).index, size_of(ask_of(compute, member).slots)) == (
                    index,
                    size,
                )
            assert compute.registry.member(kind, size, len(expected)) == NOBODY
        assert counts_from(compute.registry.counts_of(kind)) == counts

    def offer(member: str, slots: int) -> None:
        compute.registry.publish(replace(ASK, slots=slots).word, "ticket", sender=member)

    check((3, members))
    offer(members[0], 8)
    check((3, members))
    offer(members[0], 7)
    check((3, [members[2], members[1]]), (2, [members[0]]))
    offer(members[1], 1)
    check((3, [members[2]]), (2, [members[0]]), (0, [members[1]]))
    compute.registry.withdraw_ask(sender=members[2])
    check((3, []), (2, [members[0]]), (0, [members[1]]))

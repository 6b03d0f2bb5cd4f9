"""settle/voucher.py's check_close against the bytecode of Market: the same word ends a lease in both (M3)."""

from collections.abc import Iterator
from dataclasses import replace

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.worlds.actors import CHEATER, PROVIDER, RENTER, address, publish, voucher
from contracts.worlds.actors import close as end
from contracts.worlds.paid_lease import Compute, deploy_compute
from contracts.worlds.pots import UNSHRUNK
from surge.model.errors import Distrusted
from surge.model.lease import Lease
from surge.model.signature import sign
from surge.model.typed import Domain
from surge.model.units import Address, LeaseId, MicroUsd
from surge.model.voucher import Close
from surge.settle.voucher import check_close

ESCROW = 5_000_000
SIGNERS = {"provider": PROVIDER, "renter": RENTER, "cheater": CHEATER}


@pytest.fixture(scope="module")
def opened() -> Iterator[tuple[Compute, Lease]]:
    with boa.env.anchor():
        compute = deploy_compute()
        publish(compute, PROVIDER)
        yield compute, compute.rent(ESCROW)


@settings(max_examples=60, phases=UNSHRUNK)
@given(
    change=st.sampled_from([{}, {}, {"lease": LeaseId(2)}, {"sequence": 4}, {"amount": MicroUsd(2_999_999)}]),
    signer=st.sampled_from(["provider", "provider", "renter", "cheater"]),
    domain=st.sampled_from(["here", "here", "another chain", "another contract"]),
    form=st.sampled_from(["whole", "whole", "cut", "flipped"]),
    place=st.integers(0, 64 * 8 - 1),
)
def test_the_same_consent(
    opened: tuple[Compute, Lease],
    change: dict[str, int],
    signer: str,
    domain: str,
    form: str,
    place: int,
) -> None:
    compute, lease = opened
    latest = voucher(lease, 3, 3_000_000)
    here = compute.domain
    domains = {
        "here": here,
        "another chain": Domain(here.chain_id + 1, here.contract),
        "another contract": Domain(here.chain_id, Address(address(CHEATER))),
    }
    expected = Close(lease.id, latest.sequence, latest.amount)
    said = replace(expected, **change)
    signature = sign(domains[domain].digest(said.struct_hash), SIGNERS[signer])
    if form == "cut":
        signature = signature[:64]
    elif form == "flipped":
        number = int.from_bytes(signature[:64], "big") ^ (1 << place)
        signature = number.to_bytes(64, "big") + signature[64:]
    good = (said, signer, domain, form) == (expected, "provider", "here", "whole")

    try:
        check_close(expected, signature, latest, lease, here)
        accepted = True
    except Distrusted:
        accepted = False
    assert accepted == good

    signed = compute.signature(latest, RENTER)
    with boa.env.anchor():
        if good:
            end(compute, lease, latest, signed, signature)
            assert compute.market.leases(lease.id) == 0
            return
        reason = "a signature has 65 bytes" if form == "cut" else "not the provider's consent"
        with boa.reverts(f"Market: {reason}"):
            end(compute, lease, latest, signed, signature)

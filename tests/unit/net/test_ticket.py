import os

import iroh
import pytest

from surge.model.errors import BadInput
from surge.net.ticket import MAX_ADDRESSES, MAX_TICKET, is_loopback, read_ticket, write_ticket

ID = iroh.SecretKey.from_bytes(os.urandom(32)).public()
HERE, THERE = "127.0.0.1:1", "192.0.2.7:1"


def ticket_of(addresses: list[str], relay: str | None = None) -> str:
    return str(iroh.EndpointTicket.from_addr(iroh.EndpointAddr(ID, relay, addresses)))


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1:5", True),
        ("[::1]:5", True),
        ("192.0.2.1:5", False),
        ("[2001:db8::1]:5", False),
        ("0.0.0.0:1", False),
    ],
)
def test_loopback(address: str, here: bool) -> None:
    assert is_loopback(address) is here


def test_a_ticket_of_this_machine_names_no_other_address() -> None:
    written = write_ticket(iroh.EndpointAddr(ID, None, [HERE, THERE, "[::1]:2"]), loopback=True)
    assert sorted(read_ticket(written, loopback=False).direct_addresses()) == [HERE, "[::1]:2"]


def test_reading_for_this_machine_drops_relays_and_other_addresses() -> None:
    read = read_ticket(ticket_of([HERE, THERE], "https://relay.example/"), loopback=True)
    assert read.direct_addresses() == [HERE]
    assert read.relay_url() is None
    assert read.id().to_bytes() == ID.to_bytes()


def test_reading_for_the_network_keeps_them() -> None:
    read = read_ticket(ticket_of([THERE], "https://relay.example/"), loopback=False)
    assert read.direct_addresses() == [THERE]
    assert read.relay_url() == "https://relay.example/"


def test_many_addresses_are_cut_to_fit_the_chain() -> None:
    many = [f"[2001:db8::{n:x}]:{40_000 + n}" for n in range(200)]
    written = write_ticket(iroh.EndpointAddr(ID, "https://relay.example/", many), loopback=False)
    assert len(written) <= MAX_TICKET
    assert 1 <= len(read_ticket(written, loopback=False).direct_addresses()) <= MAX_ADDRESSES


@pytest.mark.parametrize(
    ("ticket", "complaint"),
    [
        ("", "no endpoint ticket"),
        ("endpointnonsense", "no endpoint ticket"),
        ("é\0" * 20, "no endpoint ticket"),
        ("a" * (MAX_TICKET + 1), "1024 is the most"),
        (ticket_of([THERE]), "no address on this machine"),
        (ticket_of([]), "no address on this machine"),
    ],
    ids=["empty", "nonsense", "other letters", "long", "elsewhere", "nowhere"],
)
def test_what_is_no_ticket_is_refused_in_one_sentence(ticket: str, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        read_ticket(ticket, loopback=True)

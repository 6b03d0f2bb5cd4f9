"""Tickets: an endpoint's id and addresses in one short string, as an ask's event carries it.

A ticket from the chain was written by a stranger: its length and its addresses are checked here.
"""

from ipaddress import ip_address

from iroh import EndpointAddr, EndpointTicket, IrohError

from surge.model.errors import BadInput

MAX_TICKET = 1024
MAX_ADDRESSES = 12


def is_loopback(address: str) -> bool:
    """Whether `host:port` or `[host]:port` is on this machine."""
    return ip_address(address.rpartition(":")[0].strip("[]")).is_loopback


def write_ticket(address: EndpointAddr, *, loopback: bool) -> str:
    """At most MAX_TICKET characters; direct addresses beyond that are left out, last first."""
    direct = [each for each in address.direct_addresses() if not loopback or is_loopback(each)]
    for count in range(min(len(direct), MAX_ADDRESSES), -1, -1):
        known = EndpointAddr(address.id(), address.relay_url(), direct[:count])
        if len(ticket := str(EndpointTicket.from_addr(known))) <= MAX_TICKET:
            return ticket
    raise BadInput(
        f"the endpoint's relay address leaves no room in {MAX_TICKET} characters; use another relay"
    )


def read_ticket(ticket: str, *, loopback: bool) -> EndpointAddr:
    """With `loopback`, only the addresses on this machine. Raises BadInput if nothing is left to dial."""
    if len(ticket) > MAX_TICKET:
        raise BadInput(f"a ticket of {len(ticket)} characters, {MAX_TICKET} is the most; ask for a new one")
    try:
        address = EndpointTicket.from_string(ticket).endpoint_addr()
    except IrohError as error:
        raise BadInput(
            f"{ticket[:24]!r} is no endpoint ticket ({error.message()}); ask for a new one"
        ) from error
    direct = [each for each in address.direct_addresses() if not loopback or is_loopback(each)]
    relay = None if loopback else address.relay_url()
    if loopback and not direct:
        raise BadInput("the ticket has no address on this machine, and this endpoint dials no other")
    return EndpointAddr(address.id(), relay, direct[:MAX_ADDRESSES])

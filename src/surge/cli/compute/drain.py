"""`surge drain`: a provider takes no new leases, serves the open ones to their end, and stops."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surge.cli.compute.places import Folder, one_place
from surge.cli.terminal.access import found, reading
from surge.cli.terminal.options import AsJson, Network
from surge.cli.terminal.output import Part, answer, facts, tell
from surge.cli.terminal.wording import moment
from surge.model.errors import BadInput
from surge.model.units import counted

if TYPE_CHECKING:
    from surge.provider.config import Place

LOOK_SECONDS = 0.5


def drain(
    place: Folder = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="Take new leases again.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Until the provider has stopped.")] = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Finish the open leases, then stop providing.

    The running provider withdraws its ask, serves its open leases to their end, settles, and stops.
    """
    if cancel and wait:
        raise BadInput("--cancel takes new leases again, so there is no end to --wait for; choose one")
    access = found(network)
    folder = one_place(access, place)
    from surge.chain.wallet import wallet_address
    from surge.provider.drain import Drain

    running, wish = _is_running(folder), Drain(folder.root)
    provider = wallet_address(folder.key)
    if cancel:
        wish.forget()
    elif not running:
        raise BadInput(
            f"no provider runs in {folder.root}; `surge leave` withdraws its ask and takes its stake out"
        )
    else:
        wish.want()
    with reading(access) as chain:
        leases = chain.leases.open_of(provider)
    document = {
        "provider": provider,
        "place": str(folder.root),
        "running": running,
        "draining": not cancel,
        "open_leases": len(leases),
        "ends_by": max((lease.terms.expiry for lease in leases), default=None),
    }
    if wait:
        tell(
            f"waiting for the end of {counted(len(leases), 'lease')}; Ctrl-C ends the waiting, not the drain"
        )
        while _is_running(folder):
            time.sleep(LOOK_SECONDS)
        document |= {"running": False, "open_leases": 0, "ends_by": None}
    answer(document, as_json, show_drain)


def _is_running(folder: "Place") -> bool:
    from surge.store.files import held_alone

    with held_alone(folder.lock) as alone:
        return not alone


def show_drain(document: Any) -> Iterable[Part]:
    if not document["draining"]:
        now = "takes new leases again" if document["running"] else "takes new leases when it is started again"
    elif not document["running"]:
        now = "has stopped; `surge leave` takes its stake out, `surge provide` offers again"
    else:
        now = "takes no new leases, and stops when the open ones are over"
    rows = [("provider", document["provider"]), ("now", now)]
    if document["open_leases"]:
        until = f"the last one ends by {moment(document['ends_by'], exact=True)}"
        rows.append(("open", f"{counted(document['open_leases'], 'lease')}; {until}"))
    yield facts(rows)

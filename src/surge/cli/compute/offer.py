"""What a machine's owner agrees to: what strangers get, what it costs, and what it may earn at most."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from surge.cli.terminal.figures import amount
from surge.cli.terminal.output import Part, facts
from surge.cli.terminal.wording import duration
from surge.model.errors import Underfunded
from surge.model.units import counted, show_surge, show_usd

if TYPE_CHECKING:
    from surge.chain.client import Chain
    from surge.provider.config import Place, ProviderConfig
    from surge.renter.access import Access

STAKE_GAS, PAYEE_GAS, FIRST_ASK_GAS, NEXT_ASK_GAS = 130_000, 50_000, 145_000, 40_000
"""The most that each has taken: stake and its allowance, a payee, an ask where none was, an ask again."""
DAY = 86_400


def funds_document(config: "ProviderConfig", chain: "Chain") -> dict[str, Any]:
    """What a start needs, and what the account holds."""
    held, staked = chain.money.balances(chain.address), chain.asks.stake_of(chain.address)
    needed = max(config.slots * chain.book.parameters.stake_per_slot, config.extra_stake)
    gas = FIRST_ASK_GAS if chain.asks.of(chain.address).slots == 0 else NEXT_ASK_GAS
    gas += STAKE_GAS if needed > staked else 0
    gas += PAYEE_GAS if chain.asks.payee_of(chain.address) != (config.payee or chain.address) else 0
    coins = gas * chain.money.gas_price()
    return {
        "stake": show_surge(needed),
        "staked": show_surge(staked),
        "surge": show_surge(held.surge),
        "short_of_surge": show_surge(max(0, needed - staked - held.surge)),
        "gas": gas,
        "gas_coins": show_surge(coins),
        "coins": show_surge(held.gas),
        "short_of_coins": show_surge(max(0, coins - held.gas)),
    }


def require_funds(funds: dict[str, Any], account: str) -> None:
    """Raises Underfunded."""
    short = [
        f"{amount(funds[key], up=True)} {of}"
        for key, of in (("short_of_surge", "SURGE"), ("short_of_coins", "of the chain's own coin, for gas"))
        if float(funds[key])
    ]
    if short:
        raise Underfunded(f"{account} is short of {' and '.join(short)}; send it there, and start again")


def offer_document(
    folder: "Place", config: "ProviderConfig", chain: "Chain", access: "Access"
) -> dict[str, Any]:
    """All that the screen tells. Measures the machine's speed where config.toml doesn't say it."""
    from surge.chain.wallet import wallet_address
    from surge.run.measure import measure

    book, machine, config = chain.book, measure(folder.root), _with_speed(config)
    return {
        "network": book.name,
        "chain_id": book.chain_id,
        "local": book.local,
        "provider": chain.address,
        "key": str(folder.key),
        "wallet": wallet_address(access.home.wallet) if access.home.wallet.exists() else None,
        "slots": config.slots,
        "cores": machine.cores,
        "memory_mib": config.memory_mib,
        "machine_mib": machine.memory >> 20,
        "disk_mib": config.disk_mib + config.cache_mib,
        "price_per_gfuel": config.price_per_gfuel,
        "price_per_gib": config.price_per_gib,
        "gfuel_per_second": config.gfuel_per_second,
        "most_a_day": show_usd(config.earnings_up(DAY, book.parameters.fee_bps, machine.cores)),
        "fee_bps": book.parameters.fee_bps,
        "locked_seconds": book.parameters.unbonding_seconds,
        "payee": config.payee or None,
        "settings": str(folder.config),
        **funds_document(config, chain),
    }


def _with_speed(config: "ProviderConfig") -> "ProviderConfig":
    if config.gfuel_per_second:
        return config
    import asyncio

    from surge.provider.start import measured_speed

    speed = asyncio.run(measured_speed())
    return config.model_copy(update={"gfuel_per_second": round(speed.gfuel_per_second, 3)})


def show_offer(document: Any) -> Iterable[Part]:
    told = {name: amount(document[name]) for name in ("stake", "staked", "surge", "coins")}
    coins, most = amount(document["gas_coins"], up=True), amount(document["most_a_day"], 2, up=True)
    yield facts(
        [
            ("network", f"{document['network']}, chain {document['chain_id']}" + _worth(document)),
            ("provider", document["provider"]),
            ("its key", document["key"] + _other(document)),
            ("offers", f"{counted(document['slots'], 'sandbox')} of {document['memory_mib']:,} MiB"),
            ("strangers use", _used(document)),
            (
                "price",
                f"{document['price_per_gfuel']} USD per Gfuel, {document['price_per_gib']} USD per GiB moved",
            ),
            (
                "income",
                f"{most} USD a day at the very most: every core of them busy all day, "
                f"{document['gfuel_per_second']:g} Gfuel/s each, less the network's "
                f"{document['fee_bps'] / 100:g}%. Idle ones earn nothing",
            ),
            (
                "stake",
                f"{told['stake']} SURGE, of which {told['staked']} are staked already; the account holds "
                f"{told['surge']} more",
            ),
            ("locked", f"stake comes back {duration(document['locked_seconds'])} after it is asked back"),
            (
                "gas",
                f"about {document['gas']:,} for this start, now {coins} of the chain's coin; the account "
                f"holds {told['coins']}",
            ),
            ("paid to", document["payee"] or "itself"),
            ("settings", document["settings"]),
        ]
    )
    yield (
        "Strangers' code will run in sandboxes, metered, and killed at its limits. It reaches none of your "
        "files, keys, passwords, programs and devices, no network, and no clock."
    )


def _worth(document: Any) -> str:
    return ": a local one, its money is worth nothing" if document["local"] else ""


def _other(document: Any) -> str:
    """Renting and providing have an account each."""
    return f"; your wallet is another account, {document['wallet']}" if document["wallet"] else ""


def _used(document: Any) -> str:
    slots, cores = document["slots"], document["cores"]
    return (
        f"up to {min(slots, cores)} of {counted(cores, 'core')}, {slots * document['memory_mib']:,} of "
        f"{document['machine_mib']:,} MiB of memory and 1,024 MiB a sandbox for its files, "
        f"{document['disk_mib']:,} MiB of disk"
    )

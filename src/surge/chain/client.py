"""`Chain`: everything that an actor does with a network's contracts, in nouns of the model.

Synchronous and thread-safe: one nonce counter per account and process. Without a key it only reads.
"""

from surge.chain.calls.asks import RegistryCalls
from surge.chain.calls.batch import BatchCalls
from surge.chain.calls.leases import Closing, LeaseState, MarketCalls, Settlement
from surge.chain.calls.money import Balances
from surge.chain.calls.rewards import Auction, Reward, RewardsCalls, Sale
from surge.chain.node.sender import Sent

__all__ = ["Auction", "Balances", "Chain", "Closing", "LeaseState", "Reward", "Sale", "Sent", "Settlement"]


class Chain(MarketCalls, RegistryCalls, RewardsCalls, BatchCalls):
    """A network as one account sees it. See the parts: money, market, registry, rewards,
    tokens, credit, exchange, leverage, vault, batch, connection."""

"""`Chain`: everything that an actor does with a network's contracts, in nouns of the model.

Synchronous and thread-safe: one nonce counter per account and process. Without a key it only reads.
"""

from surge.chain.batch import BatchCalls
from surge.chain.market import Closing, LeaseState, MarketCalls, Settlement
from surge.chain.money import Balances
from surge.chain.registry import RegistryCalls
from surge.chain.rewards import Auction, Reward, RewardsCalls, Sale
from surge.chain.sender import Sent

__all__ = ["Auction", "Balances", "Chain", "Closing", "LeaseState", "Reward", "Sale", "Sent", "Settlement"]


class Chain(MarketCalls, RegistryCalls, RewardsCalls, BatchCalls):
    """A network as one account sees it. See the parts: money, market, registry, rewards,
    tokens, credit, exchange, leverage, vault, batch, connection."""

"""The desk: lend, borrow, lever and compose on a network's credit markets, as one account."""

from surge.desk.amounts import Amount
from surge.desk.desk import Desk
from surge.desk.flash import Flash, FlashView
from surge.desk.leverage import Leverage
from surge.desk.market import Market
from surge.desk.operation import Done, Operation
from surge.desk.position import Position
from surge.desk.vault import Vault

__all__ = [
    "Amount",
    "Desk",
    "Done",
    "Flash",
    "FlashView",
    "Leverage",
    "Market",
    "Operation",
    "Position",
    "Vault",
]

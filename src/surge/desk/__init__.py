"""The desk: lend, borrow, lever and compose on a network's credit markets, as one account."""

from surge.desk.amounts import Amount
from surge.desk.desk import Desk
from surge.desk.market import Market
from surge.desk.operation import Done, Operation
from surge.desk.position import Position

__all__ = ["Amount", "Desk", "Done", "Market", "Operation", "Position"]

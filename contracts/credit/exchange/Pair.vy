# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title Pair
@license AGPL-3.0-only
@notice Two tokens, reserve0 * reserve1 = k. Names, units, rounding and events are those of a Uniswap V2 pair, so what
        works with one works with the other: swaps with a callback, LP tokens with permit, price accumulators.

        * k never falls by a swap; 0.3% of what comes in stays, so it grows.
        * k / supply² never falls: what an LP token is worth in reserves grows by fees, donations and rounding only.
        * Each operation works with what the pair *holds* above its reserves: send first, then call. What is sent
          without a call in the same transaction belongs to whoever calls next.
@dev An accumulator is the integral of the price over time, in UQ112.112 times seconds. It wraps; readers subtract
     modulo 2²⁵⁶. Its tokens are told by its creator, see Exchange. The lock is transient and has a reason, so a
     reader that must not be fooled in mid-operation can ask `sync` in a static call: LpOracle does.
     `getReserves` stays open in mid-operation, as receivers of flash swaps expect; it shows the last complete state.
     Balances are what tokens say: a token that lies harms the pairs that it is in, and no others.
     LP tokens are snekmate's, with its revert reasons ("erc20: ...").
"""

from ethereum.ercs import IERC20
from snekmate.auth import ownable
from snekmate.tokens import erc20

initializes: ownable
initializes: erc20[ownable := ownable]

exports: (
    erc20.name,
    erc20.symbol,
    erc20.decimals,
    erc20.totalSupply,
    erc20.balanceOf,
    erc20.allowance,
    erc20.transfer,
    erc20.transferFrom,
    erc20.approve,
    erc20.permit,
    erc20.nonces,
    erc20.DOMAIN_SEPARATOR,
    erc20.eip712Domain,
)

interface Creator:
    def created_token0() -> address: view
    def created_token1() -> address: view

interface Receiver:
    def uniswapV2Call(sender: address, amount0: uint256, amount1: uint256, payload: Bytes[MAX_PAYLOAD]): nonpayable

event Mint:
    sender: indexed(address)
    amount0: uint256
    amount1: uint256

event Burn:
    sender: indexed(address)
    amount0: uint256
    amount1: uint256
    to: indexed(address)

event Swap:
    sender: indexed(address)
    amount0In: uint256
    amount1In: uint256
    amount0Out: uint256
    amount1Out: uint256
    to: indexed(address)

event Sync:
    reserve0: uint112
    reserve1: uint112

# Of the first liquidity this much is locked for ever, so that an LP token can't be made too dear to buy.
MINIMUM_LIQUIDITY: public(constant(uint256)) = 1_000
LOCKED_LIQUIDITY: constant(address) = 0x000000000000000000000000000000000000dEaD
MAX_PAYLOAD: constant(uint256) = 16_384
RESERVE: constant(uint256) = 2**112 - 1
CLOCK: constant(uint256) = 2**32 - 1

factory: public(immutable(address))
token0: public(immutable(address))
token1: public(immutable(address))

# The integral of token0's price in token1, and the reverse.
price0CumulativeLast: public(uint256)
price1CumulativeLast: public(uint256)

# reserve0 112 | reserve1 112 | chain seconds modulo 2³² 32, the first one lowest.
_reserves: uint256
_locked: transient(bool)


@deploy
def __init__():
    """
    @notice Created by Exchange only.
    """
    factory = msg.sender
    token0 = staticcall Creator(msg.sender).created_token0()
    token1 = staticcall Creator(msg.sender).created_token1()
    ownable.__init__()
    erc20.__init__("Surge LP", "SLP", 18, "Surge LP", "1")


@view
@external
def getReserves() -> (uint112, uint112, uint32):
    """
    @return reserve0, reserve1, and the chain second modulo 2³² in which they were last written.
    """
    word: uint256 = self._reserves
    return (
        convert(word & RESERVE, uint112), convert((word >> 112) & RESERVE, uint112), convert(word >> 224, uint32)
    )


@pure
@external
def kLast() -> uint256:
    """
    @notice Where a protocol fee would be counted from; there is none.
    """
    return 0


@external
def swap(amount0_out: uint256, amount1_out: uint256, to: address, payload: Bytes[MAX_PAYLOAD]):
    """
    @notice Send `amount0_out` of token0 and `amount1_out` of token1 to `to`, against what the pair was or is paid.
    @param payload When not empty, `to.uniswapV2Call(caller, amount0_out, amount1_out, payload)` is called after the
           tokens are sent; what is still owed must be there when it returns.
    """
    word: uint256 = self._open_swap(amount0_out, amount1_out, to)
    if len(payload) > 0:
        extcall Receiver(to).uniswapV2Call(msg.sender, amount0_out, amount1_out, payload)
    self._close_swap(word, amount0_out, amount1_out, to)


@external
def mint(to: address) -> uint256:
    """
    @notice Create LP tokens for what the pair holds above its reserves.
    @return How many, for `to`.
    """
    self._lock()
    word: uint256 = self._reserves
    reserve0: uint256 = word & RESERVE
    reserve1: uint256 = (word >> 112) & RESERVE
    balance0: uint256 = 0
    balance1: uint256 = 0
    balance0, balance1 = self._balances()
    assert balance0 >= reserve0 and balance1 >= reserve1, "Pair: it holds less than its reserves"
    amount0: uint256 = balance0 - reserve0
    amount1: uint256 = balance1 - reserve1

    liquidity: uint256 = 0
    supply: uint256 = erc20.totalSupply
    if supply == 0:
        root: uint256 = isqrt(amount0 * amount1)
        assert root > MINIMUM_LIQUIDITY, "Pair: the first liquidity is too small"
        liquidity = unsafe_sub(root, MINIMUM_LIQUIDITY)
        erc20._mint(LOCKED_LIQUIDITY, MINIMUM_LIQUIDITY)
    else:
        assert reserve0 > 0 and reserve1 > 0, "Pair: a reserve is empty"
        liquidity = min(amount0 * supply // reserve0, amount1 * supply // reserve1)
        assert liquidity > 0, "Pair: too little was paid in"
    erc20._mint(to, liquidity)
    self._write(word, balance0, balance1)
    log Mint(sender=msg.sender, amount0=amount0, amount1=amount1)
    self._locked = False
    return liquidity


@external
def burn(to: address) -> (uint256, uint256):
    """
    @notice Destroy the LP tokens that the pair itself holds, and send their part of both tokens to `to`.
    @return Of token0 and of token1.
    """
    self._lock()
    word: uint256 = self._reserves
    balance0: uint256 = 0
    balance1: uint256 = 0
    balance0, balance1 = self._balances()
    liquidity: uint256 = erc20.balanceOf[self]
    supply: uint256 = erc20.totalSupply
    assert liquidity > 0, "Pair: no LP tokens were sent"
    amount0: uint256 = liquidity * balance0 // supply
    amount1: uint256 = liquidity * balance1 // supply
    assert amount0 > 0 and amount1 > 0, "Pair: the LP tokens are worth nothing"
    erc20._burn(self, liquidity)
    self._send(token0, to, amount0)
    self._send(token1, to, amount1)
    balance0, balance1 = self._balances()
    self._write(word, balance0, balance1)
    log Burn(sender=msg.sender, amount0=amount0, amount1=amount1, to=to)
    self._locked = False
    return amount0, amount1


@external
def skim(to: address):
    """
    @notice Send what the pair holds above its reserves to `to`.
    """
    self._lock()
    word: uint256 = self._reserves
    reserve0: uint256 = word & RESERVE
    reserve1: uint256 = (word >> 112) & RESERVE
    balance0: uint256 = staticcall IERC20(token0).balanceOf(self)
    balance1: uint256 = staticcall IERC20(token1).balanceOf(self)
    assert balance0 >= reserve0 and balance1 >= reserve1, "Pair: it holds less than its reserves"
    self._send(token0, to, balance0 - reserve0)
    self._send(token1, to, balance1 - reserve1)
    self._locked = False


@external
def sync():
    """
    @notice Make what the pair holds its reserves.
    """
    self._lock()
    balance0: uint256 = 0
    balance1: uint256 = 0
    balance0, balance1 = self._balances()
    self._write(self._reserves, balance0, balance1)
    self._locked = False


@internal
def _lock():
    assert not self._locked, "Pair: locked"
    self._locked = True


@internal
def _open_swap(amount0_out: uint256, amount1_out: uint256, to: address) -> uint256:
    """
    @return The reserves' word, which nothing changes until the swap is closed.
    """
    self._lock()
    assert amount0_out > 0 or amount1_out > 0, "Pair: nothing is asked"
    word: uint256 = self._reserves
    enough: bool = amount0_out < (word & RESERVE) and amount1_out < ((word >> 112) & RESERVE)
    assert enough, "Pair: more is asked than there is"
    assert to != token0 and to != token1, "Pair: a token can't receive"
    if amount0_out > 0:
        self._send(token0, to, amount0_out)
    if amount1_out > 0:
        self._send(token1, to, amount1_out)
    return word


@internal
def _close_swap(word: uint256, amount0_out: uint256, amount1_out: uint256, to: address):
    balance0: uint256 = 0
    balance1: uint256 = 0
    balance0, balance1 = self._balances()
    # Reserves and balances are below 2¹¹² and what is out is below its reserve: nothing here can wrap.
    reserve0: uint256 = word & RESERVE
    reserve1: uint256 = (word >> 112) & RESERVE
    left0: uint256 = unsafe_sub(reserve0, amount0_out)
    left1: uint256 = unsafe_sub(reserve1, amount1_out)
    amount0_in: uint256 = unsafe_sub(balance0, left0) if balance0 > left0 else 0
    amount1_in: uint256 = unsafe_sub(balance1, left1) if balance1 > left1 else 0
    assert amount0_in > 0 or amount1_in > 0, "Pair: nothing was paid in"
    after_fee0: uint256 = unsafe_sub(unsafe_mul(balance0, 1_000), unsafe_mul(amount0_in, 3))
    after_fee1: uint256 = unsafe_sub(unsafe_mul(balance1, 1_000), unsafe_mul(amount1_in, 3))
    k: uint256 = unsafe_mul(unsafe_mul(reserve0, reserve1), 1_000_000)
    assert unsafe_mul(after_fee0, after_fee1) >= k, "Pair: too little was paid in for k"
    self._write(word, balance0, balance1)
    log Swap(
        sender=msg.sender,
        amount0In=amount0_in,
        amount1In=amount1_in,
        amount0Out=amount0_out,
        amount1Out=amount1_out,
        to=to,
    )
    self._locked = False


@view
@internal
def _balances() -> (uint256, uint256):
    balance0: uint256 = staticcall IERC20(token0).balanceOf(self)
    balance1: uint256 = staticcall IERC20(token1).balanceOf(self)
    assert balance0 <= RESERVE and balance1 <= RESERVE, "Pair: a balance is above 112 bits"
    return balance0, balance1


@internal
def _write(word: uint256, balance0: uint256, balance1: uint256):
    """
    @notice Add the time since the last write to the accumulators, at the prices of then, and write the reserves.
    """
    clock: uint256 = block.timestamp & CLOCK
    elapsed: uint256 = unsafe_sub(clock, word >> 224) & CLOCK
    reserve0: uint256 = word & RESERVE
    reserve1: uint256 = (word >> 112) & RESERVE
    if elapsed > 0 and reserve0 > 0 and reserve1 > 0:
        price0: uint256 = (reserve1 << 112) // reserve0
        price1: uint256 = (reserve0 << 112) // reserve1
        self.price0CumulativeLast = unsafe_add(self.price0CumulativeLast, unsafe_mul(price0, elapsed))
        self.price1CumulativeLast = unsafe_add(self.price1CumulativeLast, unsafe_mul(price1, elapsed))
    self._reserves = balance0 | (balance1 << 112) | (clock << 224)
    log Sync(reserve0=convert(balance0, uint112), reserve1=convert(balance1, uint112))


@internal
def _send(token: address, to: address, amount: uint256):
    sent: bool = extcall IERC20(token).transfer(to, amount, default_return_value=True)
    assert sent, "Pair: a token refused the transfer"

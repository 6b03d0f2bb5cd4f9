# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title Router
@license AGPL-3.0-only
@notice Swaps along a path of pairs, adds and removes liquidity; with the least or most that the caller accepts, and
        a deadline. Names, units and rounding are those of Uniswap V2's router, for pairs of this project's Exchange
        or of any exchange with Uniswap V2's interface and its fee of 0.3%. It holds nothing, and moves only what
        its caller has allowed it, of its caller. What is sold or given back is, for max_value, all that the caller
        has: a contract need not know beforehand what it will be handed.
@dev Of an exchange whose pairs share one creation code, a pair's address is computed; of any other, it is asked.
     Names are camelCase where the interface fixes them.
"""

from ethereum.ercs import IERC20

interface Factory:
    def getPair(token_a: address, token_b: address) -> address: view
    def createPair(token_a: address, token_b: address) -> address: nonpayable

interface V2Pair:
    def getReserves() -> (uint112, uint112, uint32): view
    def swap(amount0_out: uint256, amount1_out: uint256, to: address, payload: Bytes[1]): nonpayable
    def mint(to: address) -> uint256: nonpayable
    def burn(to: address) -> (uint256, uint256): nonpayable
    def transferFrom(owner: address, to: address, amount: uint256) -> bool: nonpayable

# Tokens in a path.
MAX_PATH: constant(uint256) = 6
# Amounts and reserves up to here multiply without wrapping.
MAX_AMOUNT: constant(uint256) = 2**112 - 1

factory: public(immutable(address))
PAIR_CODE_HASH: public(immutable(bytes32))


@deploy
def __init__(exchange: address, pair_code_hash: bytes32):
    """
    @param exchange With Uniswap V2's factory interface.
    @param pair_code_hash keccak256 of the pairs' creation code, when all share one and their salt is Uniswap V2's.
           Empty: pairs are asked from the exchange, for about 5,000 gas more a pair.
    """
    assert exchange.is_contract, "Router: the exchange has no code"
    factory = exchange
    PAIR_CODE_HASH = pair_code_hash


@external
def swapExactTokensForTokens(
    amount_in: uint256, least_out: uint256, path: DynArray[address, MAX_PATH], to: address, deadline: uint256
) -> DynArray[uint256, MAX_PATH]:
    """
    @notice Sell exactly `amount_in` of the path's first token for at least `least_out` of its last.
    @param amount_in max_value for all that the caller has.
    @return The amount of each token of the path.
    """
    assert block.timestamp <= deadline, "Router: the deadline has passed"
    pairs: DynArray[address, MAX_PATH] = self._pairs(path)
    sold: uint256 = self._or_all(path[0], amount_in)
    amounts: DynArray[uint256, MAX_PATH] = self._amounts_out(sold, path, pairs)
    assert amounts[len(amounts) - 1] >= least_out, "Router: less comes out than asked"
    self._swap(amounts, path, pairs, to)
    return amounts


@external
def swapTokensForExactTokens(
    amount_out: uint256, most_in: uint256, path: DynArray[address, MAX_PATH], to: address, deadline: uint256
) -> DynArray[uint256, MAX_PATH]:
    """
    @notice Buy exactly `amount_out` of the path's last token for at most `most_in` of its first.
    @return The amount of each token of the path.
    """
    assert block.timestamp <= deadline, "Router: the deadline has passed"
    pairs: DynArray[address, MAX_PATH] = self._pairs(path)
    amounts: DynArray[uint256, MAX_PATH] = self._amounts_in(amount_out, path, pairs)
    assert amounts[0] <= most_in, "Router: more goes in than allowed"
    self._swap(amounts, path, pairs, to)
    return amounts


@external
def swapExactTokensForTokensSupportingFeeOnTransferTokens(
    amount_in: uint256, least_out: uint256, path: DynArray[address, MAX_PATH], to: address, deadline: uint256
):
    """
    @notice The same for tokens that keep a part of a transfer: what arrives is what counts, at each pair and at `to`.
    """
    assert block.timestamp <= deadline, "Router: the deadline has passed"
    pairs: DynArray[address, MAX_PATH] = self._pairs(path)
    last: uint256 = len(pairs)
    before: uint256 = staticcall IERC20(path[last]).balanceOf(to)
    self._pull(path[0], pairs[0], self._or_all(path[0], amount_in))
    for i: uint256 in range(last, bound=MAX_PATH):
        reserve_in: uint256 = 0
        reserve_out: uint256 = 0
        reserve_in, reserve_out = self._reserves(pairs[i], path[i], path[i + 1])
        held: uint256 = staticcall IERC20(path[i]).balanceOf(pairs[i])
        assert held >= reserve_in, "Router: the pair holds less than its reserve"
        out: uint256 = self._amount_out(held - reserve_in, reserve_in, reserve_out)
        self._swap_one(pairs[i], path[i], path[i + 1], out, to if i + 1 == last else pairs[i + 1])
    arrived: uint256 = staticcall IERC20(path[last]).balanceOf(to) - before
    assert arrived >= least_out, "Router: less comes out than asked"


@external
def addLiquidity(
    token_a: address,
    token_b: address,
    amount_a_desired: uint256,
    amount_b_desired: uint256,
    amount_a_min: uint256,
    amount_b_min: uint256,
    to: address,
    deadline: uint256,
) -> (uint256, uint256, uint256):
    """
    @notice Pay both tokens in at the pair's ratio, at most what is desired, and have LP tokens for `to`. The pair is
            created when it doesn't exist; the first liquidity sets the ratio.
    @return What was paid of each, and the LP tokens.
    """
    assert block.timestamp <= deadline, "Router: the deadline has passed"
    pair: address = self._pair_or_new(token_a, token_b)
    amount_a: uint256 = amount_a_desired
    amount_b: uint256 = amount_b_desired
    reserve_a: uint256 = 0
    reserve_b: uint256 = 0
    reserve_a, reserve_b = self._reserves(pair, token_a, token_b)
    # One reserve alone is a donation before the first liquidity; it must not stop it.
    if reserve_a > 0 and reserve_b > 0:
        amount_b = self._quote(amount_a_desired, reserve_a, reserve_b)
        if amount_b > amount_b_desired:
            amount_b = amount_b_desired
            amount_a = self._quote(amount_b_desired, reserve_b, reserve_a)
    assert amount_a >= amount_a_min, "Router: too little of the first token"
    assert amount_b >= amount_b_min, "Router: too little of the second token"
    self._pull(token_a, pair, amount_a)
    self._pull(token_b, pair, amount_b)
    return amount_a, amount_b, extcall V2Pair(pair).mint(to)


@external
def removeLiquidity(
    token_a: address,
    token_b: address,
    liquidity: uint256,
    amount_a_min: uint256,
    amount_b_min: uint256,
    to: address,
    deadline: uint256,
) -> (uint256, uint256):
    """
    @notice Give `liquidity` LP tokens back, for their part of both tokens; max_value for all that the caller has.
    @return What `to` was sent of each.
    """
    pair: address = self._pair(token_a, token_b)
    return self._remove(pair, token_a, token_b, liquidity, amount_a_min, amount_b_min, to, deadline)


@external
def removeLiquidityWithPermit(
    token_a: address,
    token_b: address,
    liquidity: uint256,
    amount_a_min: uint256,
    amount_b_min: uint256,
    to: address,
    deadline: uint256,
    approve_max: bool,
    v: uint8,
    r: bytes32,
    s: bytes32,
) -> (uint256, uint256):
    """
    @notice The same with a signed allowance of the LP tokens, for `liquidity` or, with `approve_max`, for all.
    @dev A permit that somebody else has used already leaves its allowance: then that is enough.
    """
    pair: address = self._pair(token_a, token_b)
    amount: uint256 = max_value(uint256) if approve_max else liquidity
    permitted: bool = raw_call(
        pair,
        abi_encode(msg.sender, self, amount, deadline, v, r, s, method_id=method_id("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)")),
        revert_on_failure=False,
    )
    if not permitted:
        allowed: uint256 = staticcall IERC20(pair).allowance(msg.sender, self)
        assert allowed >= liquidity, "Router: permit refused"
    return self._remove(pair, token_a, token_b, liquidity, amount_a_min, amount_b_min, to, deadline)


@view
@external
def pair_of(token_a: address, token_b: address) -> address:
    """
    @notice The pair that a path through these two tokens takes.
    """
    return self._pair(token_a, token_b)


@pure
@external
def quote(amount_a: uint256, reserve_a: uint256, reserve_b: uint256) -> uint256:
    """
    @notice What `amount_a` is of the other token at the reserves' ratio, rounded down.
    """
    return self._quote(amount_a, reserve_a, reserve_b)


@pure
@external
def getAmountOut(amount_in: uint256, reserve_in: uint256, reserve_out: uint256) -> uint256:
    """
    @notice What `amount_in` buys, rounded down.
    """
    return self._amount_out(amount_in, reserve_in, reserve_out)


@pure
@external
def getAmountIn(amount_out: uint256, reserve_in: uint256, reserve_out: uint256) -> uint256:
    """
    @notice What `amount_out` costs, rounded up.
    """
    return self._amount_in(amount_out, reserve_in, reserve_out)


@view
@external
def getAmountsOut(amount_in: uint256, path: DynArray[address, MAX_PATH]) -> DynArray[uint256, MAX_PATH]:
    """
    @notice The amount of each token of the path when `amount_in` of the first is sold.
    """
    return self._amounts_out(amount_in, path, self._pairs(path))


@view
@external
def getAmountsIn(amount_out: uint256, path: DynArray[address, MAX_PATH]) -> DynArray[uint256, MAX_PATH]:
    """
    @notice The amount of each token of the path when `amount_out` of the last is bought.
    """
    return self._amounts_in(amount_out, path, self._pairs(path))


@internal
def _remove(
    pair: address,
    token_a: address,
    token_b: address,
    liquidity: uint256,
    amount_a_min: uint256,
    amount_b_min: uint256,
    to: address,
    deadline: uint256,
) -> (uint256, uint256):
    assert block.timestamp <= deadline, "Router: the deadline has passed"
    self._pull(pair, pair, self._or_all(pair, liquidity))
    amount_a: uint256 = 0
    amount_b: uint256 = 0
    if self._in_order(token_a, token_b):
        amount_a, amount_b = extcall V2Pair(pair).burn(to)
    else:
        amount_b, amount_a = extcall V2Pair(pair).burn(to)
    assert amount_a >= amount_a_min, "Router: too little of the first token"
    assert amount_b >= amount_b_min, "Router: too little of the second token"
    return amount_a, amount_b


@view
@internal
def _or_all(token: address, amount: uint256) -> uint256:
    if amount == max_value(uint256):
        return staticcall IERC20(token).balanceOf(msg.sender)
    return amount


@internal
def _swap(
    amounts: DynArray[uint256, MAX_PATH],
    path: DynArray[address, MAX_PATH],
    pairs: DynArray[address, MAX_PATH],
    to: address,
):
    self._pull(path[0], pairs[0], amounts[0])
    last: uint256 = len(pairs)
    for i: uint256 in range(last, bound=MAX_PATH):
        after: uint256 = unsafe_add(i, 1)
        self._swap_one(pairs[i], path[i], path[after], amounts[after], to if after == last else pairs[after])


@internal
def _swap_one(pair: address, token_in: address, token_out: address, out: uint256, to: address):
    if self._in_order(token_in, token_out):
        extcall V2Pair(pair).swap(0, out, to, b"")
    else:
        extcall V2Pair(pair).swap(out, 0, to, b"")


@internal
def _pull(token: address, to: address, amount: uint256):
    pulled: bool = extcall IERC20(token).transferFrom(msg.sender, to, amount, default_return_value=True)
    assert pulled, "Router: a token refused the transfer"


@view
@internal
def _amounts_out(
    amount_in: uint256, path: DynArray[address, MAX_PATH], pairs: DynArray[address, MAX_PATH]
) -> DynArray[uint256, MAX_PATH]:
    amount: uint256 = amount_in
    amounts: DynArray[uint256, MAX_PATH] = [amount]
    for i: uint256 in range(len(pairs), bound=MAX_PATH):
        reserve_in: uint256 = 0
        reserve_out: uint256 = 0
        reserve_in, reserve_out = self._reserves(pairs[i], path[i], path[unsafe_add(i, 1)])
        amount = self._amount_out(amount, reserve_in, reserve_out)
        amounts.append(amount)
    return amounts


@view
@internal
def _amounts_in(
    amount_out: uint256, path: DynArray[address, MAX_PATH], pairs: DynArray[address, MAX_PATH]
) -> DynArray[uint256, MAX_PATH]:
    amounts: DynArray[uint256, MAX_PATH] = []
    for _: address in path:
        amounts.append(amount_out)
    last: uint256 = len(pairs)
    for step: uint256 in range(last, bound=MAX_PATH):
        i: uint256 = last - 1 - step
        reserve_in: uint256 = 0
        reserve_out: uint256 = 0
        reserve_in, reserve_out = self._reserves(pairs[i], path[i], path[i + 1])
        amounts[i] = self._amount_in(amounts[i + 1], reserve_in, reserve_out)
    return amounts


@view
@internal
def _pairs(path: DynArray[address, MAX_PATH]) -> DynArray[address, MAX_PATH]:
    assert len(path) > 1, "Router: a path needs two tokens"
    pairs: DynArray[address, MAX_PATH] = []
    for i: uint256 in range(len(path) - 1, bound=MAX_PATH):
        pairs.append(self._pair(path[i], path[i + 1]))
    return pairs


@view
@internal
def _pair(token_a: address, token_b: address) -> address:
    assert token_a != token_b, "Router: a pair needs two tokens"
    pair: address = self._pair_at(token_a, token_b)
    assert pair.is_contract, "Router: there is no such pair"
    return pair


@internal
def _pair_or_new(token_a: address, token_b: address) -> address:
    assert token_a != token_b, "Router: a pair needs two tokens"
    pair: address = self._pair_at(token_a, token_b)
    if pair.is_contract:
        return pair
    created: address = extcall Factory(factory).createPair(token_a, token_b)
    if PAIR_CODE_HASH != empty(bytes32):
        assert created == pair, "Router: the code hash is not of this exchange's pairs"
    return created


@view
@internal
def _pair_at(token_a: address, token_b: address) -> address:
    if PAIR_CODE_HASH == empty(bytes32):
        return staticcall Factory(factory).getPair(token_a, token_b)
    token0: address = token_a
    token1: address = token_b
    if not self._in_order(token_a, token_b):
        token0 = token_b
        token1 = token_a
    salt: bytes32 = keccak256(concat(convert(token0, bytes20), convert(token1, bytes20)))
    digest: bytes32 = keccak256(concat(0xff, convert(factory, bytes20), salt, PAIR_CODE_HASH))
    return convert(convert(digest, uint256) & (2**160 - 1), address)


@view
@internal
def _reserves(pair: address, token_in: address, token_out: address) -> (uint256, uint256):
    reserve0: uint112 = 0
    reserve1: uint112 = 0
    clock: uint32 = 0
    reserve0, reserve1, clock = staticcall V2Pair(pair).getReserves()
    if self._in_order(token_in, token_out):
        return convert(reserve0, uint256), convert(reserve1, uint256)
    return convert(reserve1, uint256), convert(reserve0, uint256)


@pure
@internal
def _in_order(token_a: address, token_b: address) -> bool:
    return convert(token_a, uint160) < convert(token_b, uint160)


@pure
@internal
def _quote(amount_a: uint256, reserve_a: uint256, reserve_b: uint256) -> uint256:
    assert amount_a > 0 and amount_a <= MAX_AMOUNT, "Router: the amount is zero or above 112 bits"
    assert reserve_a > 0 and reserve_b > 0, "Router: the pair is empty"
    return amount_a * reserve_b // reserve_a


@pure
@internal
def _amount_out(amount_in: uint256, reserve_in: uint256, reserve_out: uint256) -> uint256:
    assert amount_in > 0 and amount_in <= MAX_AMOUNT, "Router: the amount is zero or above 112 bits"
    assert reserve_in > 0 and reserve_out > 0, "Router: the pair is empty"
    paid: uint256 = amount_in * 997
    return paid * reserve_out // (reserve_in * 1_000 + paid)


@pure
@internal
def _amount_in(amount_out: uint256, reserve_in: uint256, reserve_out: uint256) -> uint256:
    assert amount_out > 0, "Router: the amount is zero or above 112 bits"
    assert reserve_in > 0 and reserve_out > 0, "Router: the pair is empty"
    assert amount_out < reserve_out, "Router: more is asked than the pair has"
    return reserve_in * amount_out * 1_000 // ((reserve_out - amount_out) * 997) + 1

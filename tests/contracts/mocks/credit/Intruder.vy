# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice An account that runs a program of calls to Credit, a vault, pairs and Leverage in one transaction.

        program: three bytes an operation: what, which, how much (in 255ths of what it has, or could have;
                 0 stands for one unit; 250 to 254 of what there is, whatever it may). Those named GROUP_... lend it something, or give it a turn, and go on
                 with the program up to its END before they are paid back.

        An operation that fails undoes itself alone; a group that fails undoes itself with all that was in it.
"""

from ethereum.ercs import IERC20

struct MarketParams:
    loan_token: address
    collateral_token: address
    oracle: address
    irm: address
    max_ltv: uint256
    lltv: uint256
    target_health: uint256
    min_debt: uint256
    reserve_factor: uint256

struct MarketState:
    supply_assets: uint256
    supply_shares: uint256
    borrow_assets: uint256
    borrow_shares: uint256
    reserve: uint256
    last_update: uint256

struct Position:
    supply_shares: uint256
    borrow_shares: uint256
    collateral: uint256

struct Bounds:
    deadline: uint256
    max_rate: uint256
    min_health: uint256

interface Oracle:
    def borrow_price() -> (uint256, bool): view

interface Credit:
    def accrued(params: MarketParams) -> MarketState: view
    def position(id: bytes32, account: address) -> Position: view
    def authorize(authorized: address, is_authorized: bool): nonpayable
    def accrue(params: MarketParams): nonpayable
    def collect(params: MarketParams) -> uint256: nonpayable
    def poke(params: MarketParams, account: address) -> uint256: nonpayable
    def supply(params: MarketParams, assets: uint256, shares: uint256, on_behalf: address, payload: Bytes[32]) -> (uint256, uint256): nonpayable
    def withdraw(params: MarketParams, assets: uint256, shares: uint256, on_behalf: address, receiver: address) -> (uint256, uint256): nonpayable
    def transfer_supply(id: bytes32, shares: uint256, on_behalf: address, receiver: address): nonpayable
    def add_collateral(params: MarketParams, assets: uint256, on_behalf: address, payload: Bytes[32]): nonpayable
    def remove_collateral(params: MarketParams, assets: uint256, on_behalf: address, receiver: address): nonpayable
    def borrow(params: MarketParams, assets: uint256, shares: uint256, on_behalf: address, receiver: address) -> (uint256, uint256): nonpayable
    def repay(params: MarketParams, assets: uint256, shares: uint256, on_behalf: address, payload: Bytes[32]) -> (uint256, uint256): nonpayable
    def liquidate(params: MarketParams, borrower: address, repaid_assets: uint256, repaid_shares: uint256, payload: Bytes[32]) -> (uint256, uint256): nonpayable
    def flash_loan(token: address, assets: uint256, payload: Bytes[32]): nonpayable

interface Vault:
    def maxDeposit(receiver: address) -> uint256: view
    def maxMint(receiver: address) -> uint256: view
    def maxWithdraw(owner: address) -> uint256: view
    def maxRedeem(owner: address) -> uint256: view
    def convertToShares(assets: uint256) -> uint256: view
    def deposit(assets: uint256, receiver: address) -> uint256: nonpayable
    def mint(shares: uint256, receiver: address) -> uint256: nonpayable
    def withdraw(assets: uint256, receiver: address, owner: address) -> uint256: nonpayable
    def redeem(shares: uint256, receiver: address, owner: address) -> uint256: nonpayable
    def redeem_in_kind(shares: uint256, receiver: address, owner: address) -> uint256: nonpayable
    def accrue_fee(): nonpayable
    def skim(token: address) -> uint256: nonpayable
    def skim_supply(id: bytes32) -> uint256: nonpayable

interface Pair:
    def token0() -> address: view
    def token1() -> address: view
    def getReserves() -> (uint112, uint112, uint32): view
    def mint(to: address) -> uint256: nonpayable
    def burn(to: address) -> (uint256, uint256): nonpayable
    def swap(amount0_out: uint256, amount1_out: uint256, to: address, payload: Bytes[32]): nonpayable
    def skim(to: address): nonpayable
    def sync(): nonpayable

interface Leverage:
    def open(params: MarketParams, margin_collateral: uint256, margin_loan: uint256, collateral: uint256, max_borrowed: uint256, path: DynArray[address, 4], bounds: Bounds) -> uint256: nonpayable
    def adjust(params: MarketParams, change: int256, limit: uint256, path: DynArray[address, 4], bounds: Bounds) -> uint256: nonpayable
    def close(params: MarketParams, in_loan: bool, min_out: uint256, path: DynArray[address, 4], bounds: Bounds) -> uint256: nonpayable
    def carry(params: MarketParams, collateral: uint256, borrowed: uint256, vault: address, min_shares: uint256, bounds: Bounds) -> uint256: nonpayable

# Operations; the order is contracts/worlds/intruder.py's.
END: constant(uint256) = 0
GROUP_FLASH: constant(uint256) = 1
GROUP_SWAP: constant(uint256) = 2
GROUP_LIQUIDATE: constant(uint256) = 3
GROUP_SUPPLY: constant(uint256) = 4
GROUP_REPAY: constant(uint256) = 5
GROUP_PLEDGE: constant(uint256) = 6
SUPPLY: constant(uint256) = 10
WITHDRAW: constant(uint256) = 11
BORROW: constant(uint256) = 12
REPAY: constant(uint256) = 13
PLEDGE: constant(uint256) = 14
UNPLEDGE: constant(uint256) = 15
TRANSFER_SUPPLY: constant(uint256) = 16
LIQUIDATE: constant(uint256) = 17
COLLECT: constant(uint256) = 18
POKE: constant(uint256) = 19
DEPOSIT: constant(uint256) = 20
MINT: constant(uint256) = 21
TAKE: constant(uint256) = 22
REDEEM: constant(uint256) = 23
REDEEM_IN_KIND: constant(uint256) = 24
ACCRUE_FEE: constant(uint256) = 25
SKIM: constant(uint256) = 26
SKIM_SUPPLY: constant(uint256) = 27
SWAP: constant(uint256) = 30
JOIN: constant(uint256) = 31
PART: constant(uint256) = 32
SKIM_PAIR: constant(uint256) = 33
SYNC: constant(uint256) = 34
OPEN: constant(uint256) = 40
LESS: constant(uint256) = 41
CLOSE: constant(uint256) = 42
CARRY: constant(uint256) = 43
GIVE: constant(uint256) = 50

MAX_PROGRAM: constant(uint256) = 64
WAD: constant(uint256) = 10**18
SCALE: constant(uint256) = 10**36
TURN: constant(Bytes[1]) = b"x"

credit: address
vault: address
leverage: address
tokens: address[3]
pairs: address[2]
markets: HashMap[uint256, MarketParams]
accounts: HashMap[uint256, address]
program: Bytes[3 * MAX_PROGRAM]
at: public(uint256)
# How many operations did what they say, in the last run.
done: public(uint256)


@deploy
def __init__(credit: address, vault: address, leverage: address, usd: address, eth: address, first: address, second: address):
    self.credit = credit
    self.vault = vault
    self.leverage = leverage
    self.tokens = [usd, eth, vault]
    self.pairs = [first, second]
    for token: address in self.tokens:
        for spender: address in [credit, vault, leverage]:
            extcall IERC20(token).approve(spender, max_value(uint256))
    extcall Credit(credit).authorize(leverage, True)


@external
def know_market(number: uint256, params: MarketParams):
    self.markets[number] = params


@external
def know_account(number: uint256, account: address):
    self.accounts[number] = account


@external
def run(program: Bytes[3 * MAX_PROGRAM]):
    self.program = program
    self.at = 0
    self.done = 0
    self._run()


@external
def step(what: uint256, which: uint256, how_much: uint256):
    assert msg.sender == self, "Intruder: its own program only"
    self._act(what, which, how_much)
    self.done += 1


@internal
def _run():
    """
    @notice From here up to the END that belongs here.
    """
    for _: uint256 in range(MAX_PROGRAM):
        if self.at * 3 >= len(self.program):
            break
        what: uint256 = self._byte(0)
        which: uint256 = self._byte(1)
        how_much: uint256 = self._byte(2)
        self.at += 1
        if what == END:
            break
        went: bool = raw_call(
            self,
            abi_encode(what, which, how_much, method_id=method_id("step(uint256,uint256,uint256)")),
            revert_on_failure=False,
        )
        if what < SUPPLY and not went:
            self._skip_group()


@internal
def _skip_group():
    depth: uint256 = 1
    for _: uint256 in range(MAX_PROGRAM):
        if depth == 0 or self.at * 3 >= len(self.program):
            break
        what: uint256 = self._byte(0)
        if what == END:
            depth -= 1
        elif what < SUPPLY:
            depth += 1
        self.at += 1


@internal
@view
def _byte(number: uint256) -> uint256:
    return convert(slice(self.program, self.at * 3 + number, 1), uint256)


# Turns that others give


@external
def on_surge_flash_loan(token: address, assets: uint256, payload: Bytes[32]):
    self._run()
    self._find(token, assets)


@external
def on_surge_supply(assets: uint256, payload: Bytes[32]):
    self._run()


@external
def on_surge_collateral(assets: uint256, payload: Bytes[32]):
    self._run()


@external
def on_surge_repay(assets: uint256, payload: Bytes[32]):
    self._run()


@external
def on_surge_liquidate(repaid: uint256, seized: uint256, payload: Bytes[32]):
    self._run()


@external
def uniswapV2Call(sender: address, amount0: uint256, amount1: uint256, payload: Bytes[32]):
    """
    @notice Pays back in the token that it got, with the fee.
    """
    self._run()
    token: address = staticcall Pair(msg.sender).token0() if amount0 > 0 else staticcall Pair(msg.sender).token1()
    owed: uint256 = (amount0 + amount1) * 1_000 // 997 + 1
    self._find(token, owed)
    extcall IERC20(token).transfer(msg.sender, owed)


@internal
def _find(token: address, owed: uint256):
    """
    @notice What is missing of a loan, where it can be had: shares are minted; the others come from the vault, from
            what is lent in the markets, and from the pair of ether.
    """
    if token == self.vault:
        if self._missing(token, owed) > 0:
            extcall Vault(self.vault).mint(self._missing(token, owed), self)
        return
    if token == self.tokens[0] and self._missing(token, owed) > 0:
        most: uint256 = staticcall Vault(self.vault).maxWithdraw(self)
        if most > 0:
            extcall Vault(self.vault).withdraw(min(most, self._missing(token, owed)), self, self)
    for number: uint256 in range(4):
        params: MarketParams = self.markets[number]
        missing: uint256 = self._missing(token, owed)
        if params.loan_token == token and missing > 0:
            state: MarketState = staticcall Credit(self.credit).accrued(params)
            own: Position = staticcall Credit(self.credit).position(keccak256(abi_encode(params)), self)
            most: uint256 = min(self._claim(state, own), state.supply_assets - state.borrow_assets)
            if most > 0:
                extcall Credit(self.credit).withdraw(params, min(most, missing), 0, self, self)
    missing: uint256 = self._missing(token, owed)
    if missing > 0:
        pair: address = self.pairs[0]
        side: uint256 = 0 if staticcall Pair(pair).token0() == token else 1
        held: uint256[2] = self._reserves(pair)
        other: address = staticcall Pair(pair).token1() if side == 0 else staticcall Pair(pair).token0()
        cost: uint256 = held[1 - side] * missing * 1_000 // ((held[side] - missing) * 997) + 1
        extcall IERC20(other).transfer(pair, cost)
        extcall Pair(pair).swap(missing if side == 0 else 0, missing if side == 1 else 0, self, b"")


@internal
@view
def _missing(token: address, owed: uint256) -> uint256:
    return owed - min(owed, self._has(token))


# Operations


@internal
def _act(what: uint256, which: uint256, how_much: uint256):
    if what == GROUP_FLASH:
        token: address = self.tokens[which % 3]
        here: uint256 = staticcall IERC20(token).balanceOf(self.credit)
        extcall Credit(self.credit).flash_loan(token, self._part(here, how_much), TURN)
    elif what == GROUP_SWAP or (what >= SWAP and what < OPEN):
        self._trade(what, which, how_much)
    elif what < DEPOSIT:
        self._lend(what, self.markets[which & 3], self.accounts[which >> 2], how_much)
    elif what < SWAP:
        self._visit_vault(what, which, how_much)
    elif what < GIVE:
        self._lever(what, self.markets[which & 3], how_much)
    else:
        token: address = self.tokens[which % 3]
        to: address = [self.credit, self.vault, self.pairs[0], self.pairs[1]][which // 3 % 4]
        extcall IERC20(token).transfer(to, self._part(self._has(token), how_much))


@internal
def _lend(what: uint256, params: MarketParams, account: address, how_much: uint256):
    credit: Credit = Credit(self.credit)
    id: bytes32 = keccak256(abi_encode(params))
    state: MarketState = staticcall credit.accrued(params)
    own: Position = staticcall credit.position(id, self)
    theirs: Position = staticcall credit.position(id, account)
    turn: Bytes[32] = TURN if what < SUPPLY else b""
    if what == SUPPLY or what == GROUP_SUPPLY:
        extcall credit.supply(params, self._part(self._has(params.loan_token), how_much), 0, account, turn)
    elif what == WITHDRAW:
        claim: uint256 = self._claim(state, own)
        cash: uint256 = state.supply_assets - state.borrow_assets
        if claim <= cash:
            extcall credit.withdraw(params, 0, self._part(own.supply_shares, how_much), self, self)
        else:
            extcall credit.withdraw(params, self._part(cash, how_much), 0, self, self)
    elif what == BORROW:
        price: uint256 = (staticcall Oracle(params.oracle).borrow_price())[0]
        most: uint256 = own.collateral * price // SCALE * params.max_ltv // WAD
        room: uint256 = most - min(most, self._debt(state, own) + 1)
        cash: uint256 = state.supply_assets - state.borrow_assets
        room = cash if self._rash(how_much) else min(room, cash)
        extcall credit.borrow(params, self._part(room, how_much), 0, self, self)
    elif what == REPAY or what == GROUP_REPAY:
        if how_much == 255:
            extcall credit.repay(params, 0, theirs.borrow_shares, account, turn)
        else:
            extcall credit.repay(params, self._part(self._debt(state, theirs), how_much), 0, account, turn)
    elif what == PLEDGE or what == GROUP_PLEDGE:
        extcall credit.add_collateral(params, self._part(self._has(params.collateral_token), how_much), account, turn)
    elif what == UNPLEDGE:
        price: uint256 = (staticcall Oracle(params.oracle).borrow_price())[0]
        needed: uint256 = self._debt(state, own) * WAD // params.max_ltv * SCALE // price
        needed += needed // 10**6 + 2 if needed > 0 else 0
        if self._rash(how_much):
            needed = 0
        extcall credit.remove_collateral(params, self._part(own.collateral - min(own.collateral, needed), how_much), self, self)
    elif what == TRANSFER_SUPPLY:
        extcall credit.transfer_supply(id, self._part(own.supply_shares, how_much), self, account)
    elif what == LIQUIDATE or what == GROUP_LIQUIDATE:
        if how_much == 255:
            extcall credit.liquidate(params, account, max_value(uint256), 0, turn)
        else:
            extcall credit.liquidate(params, account, 0, self._part(theirs.borrow_shares, how_much), turn)
    elif what == COLLECT:
        extcall credit.collect(params)
    else:
        extcall credit.poke(params, account)


@internal
def _visit_vault(what: uint256, which: uint256, how_much: uint256):
    vault: Vault = Vault(self.vault)
    dollars: uint256 = self._has(self.tokens[0])
    shares: uint256 = self._has(self.vault)
    if what == DEPOSIT:
        extcall vault.deposit(self._part(min(dollars, staticcall vault.maxDeposit(self)), how_much), self)
    elif what == MINT:
        most: uint256 = min(staticcall vault.convertToShares(dollars), staticcall vault.maxMint(self))
        extcall vault.mint(self._part(most, how_much), self)
    elif what == TAKE:
        extcall vault.withdraw(self._part(staticcall vault.maxWithdraw(self), how_much), self, self)
    elif what == REDEEM:
        most: uint256 = shares if self._rash(how_much) else staticcall vault.maxRedeem(self)
        extcall vault.redeem(self._part(most, how_much), self, self)
    elif what == REDEEM_IN_KIND:
        extcall vault.redeem_in_kind(self._part(shares, how_much), self, self)
    elif what == ACCRUE_FEE:
        extcall vault.accrue_fee()
    elif what == SKIM:
        extcall vault.skim(self.tokens[which % 3])
    else:
        extcall vault.skim_supply(keccak256(abi_encode(self.markets[which & 3])))


@internal
def _trade(what: uint256, which: uint256, how_much: uint256):
    """
    @param which Of a pair 0 or 1, and twice the side that is sold or lent.
    """
    pair: address = self.pairs[which & 1]
    sides: address[2] = [staticcall Pair(pair).token0(), staticcall Pair(pair).token1()]
    side: uint256 = which >> 1 & 1
    held: uint256[2] = self._reserves(pair)
    if what == GROUP_SWAP:
        out: uint256 = self._part(held[side] - 1, how_much)
        extcall Pair(pair).swap(out if side == 0 else 0, out if side == 1 else 0, self, TURN)
    elif what == SWAP:
        sold: uint256 = self._part(self._has(sides[side]), how_much)
        fee_less: uint256 = sold * 997
        reserve_in: uint256 = held[side]
        bought: uint256 = fee_less * held[1 - side] // (reserve_in * 1_000 + fee_less)
        if self._rash(how_much):
            bought += bought // 200
        extcall IERC20(sides[side]).transfer(pair, sold)
        extcall Pair(pair).swap(bought if side == 1 else 0, bought if side == 0 else 0, self, b"")
    elif what == JOIN:
        first: uint256 = min(self._has(sides[0]), self._has(sides[1]) * held[0] // held[1])
        first = self._part(first, how_much)
        extcall IERC20(sides[0]).transfer(pair, first)
        extcall IERC20(sides[1]).transfer(pair, first * held[1] // held[0])
        extcall Pair(pair).mint(self)
    elif what == PART:
        extcall IERC20(pair).transfer(pair, self._part(self._has(pair), how_much))
        extcall Pair(pair).burn(self)
    elif what == SKIM_PAIR:
        extcall Pair(pair).skim(self)
    else:
        extcall Pair(pair).sync()


@internal
def _lever(what: uint256, params: MarketParams, how_much: uint256):
    leverage: Leverage = Leverage(self.leverage)
    buying: DynArray[address, 4] = [params.loan_token, params.collateral_token]
    selling: DynArray[address, 4] = [params.collateral_token, params.loan_token]
    unbound: Bounds = Bounds(deadline=max_value(uint256), max_rate=max_value(uint256), min_health=0)
    own: Position = staticcall Credit(self.credit).position(keccak256(abi_encode(params)), self)
    margin: uint256 = self._part(self._has(params.collateral_token), how_much)
    if what == OPEN:
        extcall leverage.open(params, margin, 0, margin * 3 // 2, max_value(uint256), buying, unbound)
    elif what == LESS:
        sold: int256 = -convert(self._part(own.collateral, how_much), int256)
        extcall leverage.adjust(params, sold, 0, selling, unbound)
    elif what == CLOSE:
        extcall leverage.close(params, how_much % 2 == 0, 0, selling, unbound)
    else:
        price: uint256 = (staticcall Oracle(params.oracle).borrow_price())[0]
        extcall leverage.carry(params, margin, margin * price // SCALE // 2, self.vault, 0, unbound)


@internal
@pure
def _part(most: uint256, how_much: uint256) -> uint256:
    if how_much == 0:
        return min(most, 1)
    return most * how_much // 255


@internal
@pure
def _rash(how_much: uint256) -> bool:
    """
    @notice Whether to ask for more than it may have.
    """
    return how_much >= 250 and how_much < 255


@internal
@pure
def _debt(state: MarketState, position: Position) -> uint256:
    below: uint256 = state.borrow_shares + 10**6
    return (position.borrow_shares * (state.borrow_assets + 1) + below - 1) // below


@internal
@pure
def _claim(state: MarketState, position: Position) -> uint256:
    return position.supply_shares * (state.supply_assets - state.reserve + 1) // (state.supply_shares + 10**6)


@internal
@view
def _has(token: address) -> uint256:
    return staticcall IERC20(token).balanceOf(self)


@internal
@view
def _reserves(pair: address) -> uint256[2]:
    held0: uint112 = 0
    held1: uint112 = 0
    _: uint32 = 0
    held0, held1, _ = staticcall Pair(pair).getReserves()
    return [convert(held0, uint256), convert(held1, uint256)]

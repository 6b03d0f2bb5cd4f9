# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title Exchange
@license AGPL-3.0-only
@notice Creates constant-product pairs, one for each two tokens, with the names and meanings of Uniswap V2's factory.
        Nobody owns it, and there is no protocol fee: all of a swap's fee stays with who provides the liquidity.
@dev A pair is created from a blueprint (ERC-5202). The blueprint is a contract whose code is FE 71 00 followed by
     Pair's creation bytecode as it ships; src/surge/chain/deploy/blueprint.py makes its creation transaction. Pair takes
     no constructor arguments, it asks its creator for its tokens: so all pairs share one creation code, and a pair's
     address follows from its tokens alone:

         CREATE2 of this contract, salt = keccak256(token0 ‖ token1), 20 bytes each, code hash = keccak256(bytecode)

     Names are camelCase where the interface fixes them.
"""

event PairCreated:
    token0: indexed(address)
    token1: indexed(address)
    pair: address
    length: uint256

PAIR_BLUEPRINT: public(immutable(address))

getPair: public(HashMap[address, HashMap[address, address]])
allPairs: public(HashMap[uint256, address])
allPairsLength: public(uint256)

# The tokens of the pair that is being created, for its constructor.
created_token0: public(transient(address))
created_token1: public(transient(address))


@deploy
def __init__(pair_blueprint: address):
    """
    @param pair_blueprint Of Pair.
    """
    assert pair_blueprint.is_contract, "Exchange: the blueprint has no code"
    PAIR_BLUEPRINT = pair_blueprint


@external
def createPair(token_a: address, token_b: address) -> address:
    """
    @notice Create the pair of two tokens, in any order. Anybody, once.
    @return Its address.
    """
    assert token_a != token_b, "Exchange: a pair needs two tokens"
    token0: address = token_a
    token1: address = token_b
    if convert(token_a, uint160) > convert(token_b, uint160):
        token0 = token_b
        token1 = token_a
    assert token0.is_contract and token1.is_contract, "Exchange: a token has no code"
    assert self.getPair[token0][token1] == empty(address), "Exchange: the pair exists"

    self.created_token0 = token0
    self.created_token1 = token1
    salt: bytes32 = keccak256(concat(convert(token0, bytes20), convert(token1, bytes20)))
    pair: address = create_from_blueprint(PAIR_BLUEPRINT, salt=salt)

    length: uint256 = self.allPairsLength
    self.getPair[token0][token1] = pair
    self.getPair[token1][token0] = pair
    self.allPairs[length] = pair
    self.allPairsLength = length + 1
    log PairCreated(token0=token0, token1=token1, pair=pair, length=length + 1)
    return pair


@pure
@external
def feeTo() -> address:
    """
    @notice Who receives a protocol fee: nobody.
    """
    return empty(address)

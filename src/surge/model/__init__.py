"""The nouns of the story, frozen. This room imports nothing of ours.

ask → demand → lease → task → receipt → voucher, with units as types, one error tree,
BLAKE3 digests for what runs and EIP-712 digests for what a contract or a wallet checks.
"""

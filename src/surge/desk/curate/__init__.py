"""An operator's side: create markets, oracles and vaults, set a vault's rules, write the address book."""

"""`surge credit` and `surge keeper`: markets, positions, vaults and leverage, asked for and shown."""

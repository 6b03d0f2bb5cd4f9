"""The chain: local node, deployment, client, event index, keys."""

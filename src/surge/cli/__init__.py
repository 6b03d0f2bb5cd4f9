"""The `surge` command: parse, call one actor, print."""

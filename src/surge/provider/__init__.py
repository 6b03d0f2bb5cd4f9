"""The provider: a pure lease session, and the agent that gives it a sandbox, links, a store and a chain."""

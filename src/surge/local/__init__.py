"""A whole network on one machine: what `surge up` and the tests bring up."""

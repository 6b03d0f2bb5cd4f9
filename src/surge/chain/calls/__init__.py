"""What an actor does with the contracts, one part of `Chain` a file."""

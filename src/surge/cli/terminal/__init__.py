"""What all commands share: their way to a network, options, figures, words, and what they print."""

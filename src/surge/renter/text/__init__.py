"""Where the text of functions and classes is found, and which names it uses."""

"""What source and values tell before they leave: what is refused, warned of, or must run alone."""

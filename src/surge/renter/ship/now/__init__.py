"""Classes and modules as they are now, where that is no longer what their source makes of them."""

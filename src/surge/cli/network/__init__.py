"""`surge up`, `down`, `status`, `wallet` and `local`: the network itself and the account on it."""

"""The renter: shipping, scheduling, paying and checking, behind `surge.Executor`."""

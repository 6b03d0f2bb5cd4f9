"""Which task goes where: the scheduler, and the board of tasks on their way. No I/O."""

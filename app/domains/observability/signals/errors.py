"""What can go wrong with asking for signals."""

from app.kernel.problem import Problem


class RangeTooFine(Problem):
    """The range holds more steps, or the grouping more groups, than an answer may; ask for less."""

    status, code, title = 422, "range_too_fine", "Too many points"


class NotRolledUp(Problem):
    """Roll-ups can't answer this: not at this step, not by labels of single signals, not this function."""

    status, code, title = 422, "not_rolled_up", "Roll-ups can't answer this"

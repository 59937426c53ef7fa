from app.kernel.problem import NotFound, Problem


class ThreadNotFound(NotFound):
    """No object of this tenant has that name, or nothing about it may be read by the caller."""

    code, title = "thread_not_found", "Thread not found"


class TooManyStreams(Problem):
    """The tenant has as many event streams open as one server process allows; close one or retry later."""

    status, code, title = 429, "too_many_streams", "Too many event streams"

"""How many connections a process holds at once, so that some that stay silent stop nobody."""

import resource

MOST = 2048
"""Of a process, about 20 KB each that say nothing; who opens more waits until others are closed."""
FILES = 256
"""That a process has open besides, at most."""


def claimed() -> int:
    """As many as the machine lets a process open files, once that is raised as far as needed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST + FILES
    files = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(files - FILES, FILES)

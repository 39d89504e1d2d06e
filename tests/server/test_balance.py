"""How many connections each worker has, as all of them see it."""

import os

from service.server.balance import MOST_WORKERS, Balance


def test_the_fewest_of_those_that_take_connections_are_found() -> None:
    balance = Balance()
    assert balance.find_fewest() == 0
    balance.tell(0, 7)
    balance.tell(1, 3)
    assert balance.find_fewest() == 3
    balance.leave(1)
    assert balance.find_fewest() == 7
    balance.tell(MOST_WORKERS + 1, 0)
    assert balance.find_fewest() == 0


def test_what_a_fork_says_is_seen() -> None:
    balance = Balance()
    balance.tell(0, 7)
    child = os.fork()
    if not child:
        balance.tell(1, balance.find_fewest() - 2)
        os._exit(0)
    os.waitpid(child, 0)
    assert balance.find_fewest() == 5

"""How many connections each worker has, as all of them see it."""

import os

from service.server.balance import MOST_WORKERS, Balance


def test_the_fewest_of_those_that_take_connections_are_found() -> None:
    balance = Balance()
    assert balance.find_fewest() == 0
    balance.publish(0, 7)
    balance.publish(1, 3)
    assert balance.find_fewest() == 3
    balance.withdraw(1)
    assert balance.find_fewest() == 7
    balance.publish(MOST_WORKERS + 1, 0)
    assert balance.find_fewest() == 0


def test_what_a_fork_says_is_seen() -> None:
    balance = Balance()
    balance.publish(0, 7)
    child = os.fork()
    if not child:
        balance.publish(1, balance.find_fewest() - 2)
        os._exit(0)
    os.waitpid(child, 0)
    assert balance.find_fewest() == 5

"""Which worker may take the next connection."""

from xds.server.balance import Balance


def test_a_worker_that_holds_more_than_another_is_ahead() -> None:
    balance = Balance()
    balance.tell(1, 2)
    assert not balance.is_ahead(1)  # there is no other
    balance.tell(2, 1)
    assert balance.is_ahead(1)
    assert not balance.is_ahead(2)
    balance.tell(2, 2)
    assert not balance.is_ahead(1)


def test_a_worker_that_has_ended_is_waited_for_by_nobody() -> None:
    balance = Balance()
    balance.tell(1, 5)
    balance.tell(2, 0)
    balance.leave(2)
    assert not balance.is_ahead(1)


def test_a_worker_without_connections_counts() -> None:
    balance = Balance()
    balance.tell(7, 1)
    balance.tell(8, 0)
    assert balance.is_ahead(7)
    assert not balance.is_ahead(8)

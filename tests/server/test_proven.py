"""Everything that is served can be demanded signed."""

from typing import get_args

from xds.settings.access import TransactionNumber
from xds.transactions import CATALOGUE


def test_every_transaction_can_be_demanded_signed() -> None:
    assert set(get_args(TransactionNumber)) == {row.number for row in CATALOGUE}

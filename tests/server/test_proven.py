"""Everything that is served can be demanded signed."""

from typing import get_args

from xds.settings.access import TransactionNumber
from xds.transactions import CATALOGUE


def test_every_transaction_can_be_demanded_signed() -> None:
    by_get = {
        "RAD-55",
        "RAD-107",
    }  # no message to sign: policies name them, and a signed RAD-69 asks for a partner there
    assert set(get_args(TransactionNumber)) == {row.number for row in CATALOGUE} | by_get

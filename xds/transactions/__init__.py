"""The catalogue of transactions."""

from xds.transactions.catalogue import (
    CATALOGUE,
    ITI_18,
    ITI_41,
    ITI_42,
    ITI_43,
    ITI_44,
    ITI_44_ADDED,
    ITI_44_DUPLICATES_RESOLVED,
    ITI_44_REVISED,
    ITI_62,
    Role,
    Transaction,
    by_action,
    by_body,
    of_role,
)

__all__ = [
    "CATALOGUE",
    "ITI_18",
    "ITI_41",
    "ITI_42",
    "ITI_43",
    "ITI_44",
    "ITI_44_ADDED",
    "ITI_44_DUPLICATES_RESOLVED",
    "ITI_44_REVISED",
    "ITI_62",
    "Role",
    "Transaction",
    "by_action",
    "by_body",
    "of_role",
]

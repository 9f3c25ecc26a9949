"""What the settings say about consent."""

from datetime import timedelta

from xds.access import ConsentPolicy
from xds.audit import AuditLog
from xds.settings import Settings
from xds.store import ConsentStore, ConsentTerms, Pool


def consent_policy(settings: Settings) -> ConsentPolicy:
    """The part of the settings that decides about consent."""
    consent = settings.consent
    return ConsentPolicy(
        override_lifetime=timedelta(hours=consent.override_hours),
        override_scope=consent.override_scope,
        override_purposes=frozenset(consent.override_purposes),
        override_roles=frozenset(consent.override_roles),
        notice_roles=frozenset(consent.notice_roles),
        custodian=consent.custodian,
    )


def consent_store(settings: Settings, pool: Pool, audit: AuditLog | None = None) -> ConsentStore:
    """Where consent is kept; events are told in the words of `audit`, or as an administrator's."""
    return ConsentStore(pool, ConsentTerms(policy=consent_policy(settings), audit=audit))

"""The part of the settings that the rules see: one policy for the domain, one for each partner with its own."""

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_network

from xds.codes import load_codes
from xds.rules import (
    ALL_RULES,
    CodeSet,
    Level,
    Owner,
    Partner,
    Policies,
    RulePolicy,
    wrong_levels,
)
from xds.server.codes import code_set
from xds.settings import PartnerSettings, Settings, SettingsError, is_enrolled


def policies(settings: Settings) -> Policies:
    """Return the policies of a service.

    Raises
    ------
    SettingsError
        The code lists cannot be read, or a level is set of a rule that does not exist or always counts.
    """
    domain = rule_policy(settings)
    _check_levels("rules.levels", domain.levels)
    partners = [_partner(domain, item) for item in settings.partners]
    return Policies(domain, partners)


def rule_policy(settings: Settings) -> RulePolicy:
    """Return the policy of the domain."""
    registry, limits = settings.registry, settings.limits
    return RulePolicy(
        strictness=settings.rules.strictness,
        profile=settings.rules.profile,
        levels=settings.rules.levels,
        unknown_patients=registry.unknown_patients,
        patient_authority=registry.patient_authority,
        device_id=registry.device_id,
        home_community_id=registry.home_community_id,
        codes=_codes(settings),
        max_objects=limits.metadata_objects,
        max_slot_values=limits.slot_values,
        max_value_length=limits.value_length,
        max_document_bytes=limits.document_bytes,
        max_documents=limits.documents,
        max_query_ids=limits.query_ids,
        max_query_parameters=limits.query_parameters,
        max_query_wildcards=limits.query_wildcards,
    )


def _codes(settings: Settings) -> CodeSet | None:
    """The domain's code lists; None, which takes any code, without a file."""
    path = settings.registry.codes_file
    return None if path is None else code_set(load_codes(path))


def _partner(domain: RulePolicy, partner: PartnerSettings) -> Partner:
    _check_levels(f'partners "{partner.name}" levels', partner.levels)
    enrolled = is_enrolled(partner)
    policy = replace(
        domain,
        strictness=partner.strictness or domain.strictness,
        profile=partner.profile or domain.profile,
        levels={**domain.levels, **partner.levels},
        owner=_owner(partner) if enrolled else None,
    )
    return Partner(
        name=partner.name,
        is_enrolled=enrolled,
        networks=tuple(ip_network(item) for item in partner.networks),
        source_ids=frozenset(partner.source_ids),
        policy=policy,
    )


def _owner(partner: PartnerSettings) -> Owner:
    return Owner(
        name=partner.name,
        source_ids=frozenset(partner.source_ids),
        repository_ids=frozenset(partner.repository_ids),
        reads_own=partner.reads == "own",
    )


def _check_levels(where: str, levels: Mapping[str, Level]) -> None:
    for wrong in wrong_levels(ALL_RULES, levels):
        raise SettingsError(f"{where}: {wrong}; `xds rules list` shows all")

"""Typed settings, read once at start and passed down in parts."""

from xds.settings.access import AssertionSettings, IdentityProviderSettings, PolicySettings
from xds.settings.checks import SettingsError, is_enrolled, is_loopback
from xds.settings.limits import GIB, KIB, MIB, Limits
from xds.settings.load import from_mapping, lite_settings, load
from xds.settings.model import (
    AuditReceiver,
    AuditSettings,
    CommunitySettings,
    ConsentSettings,
    FeedSettings,
    GatewaySettings,
    ImagingSettings,
    ImagingSourceSettings,
    LogSettings,
    PartnerSettings,
    RegistrySettings,
    RepositorySettings,
    RulesSettings,
    SecuritySettings,
    ServerSettings,
    Settings,
    StoreSettings,
)
from xds.settings.options import Options

__all__ = [
    "GIB",
    "KIB",
    "MIB",
    "AssertionSettings",
    "AuditReceiver",
    "AuditSettings",
    "CommunitySettings",
    "ConsentSettings",
    "FeedSettings",
    "GatewaySettings",
    "IdentityProviderSettings",
    "ImagingSettings",
    "ImagingSourceSettings",
    "Limits",
    "LogSettings",
    "Options",
    "PartnerSettings",
    "PolicySettings",
    "RegistrySettings",
    "RepositorySettings",
    "RulesSettings",
    "SecuritySettings",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "StoreSettings",
    "from_mapping",
    "is_enrolled",
    "is_loopback",
    "lite_settings",
    "load",
]

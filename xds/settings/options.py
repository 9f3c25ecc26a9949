"""What the command line may say in place of the settings file."""

from dataclasses import dataclass, replace
from pathlib import Path

from xds.settings.checks import SettingsError, check, is_loopback
from xds.settings.load import with_keys
from xds.settings.model import ImagingSourceSettings, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of `xds serve`; None leaves what the file says."""

    host: str | None = None  # server.host and feeds.mllp_host
    port: int | None = None  # server.port
    pid_feed_port: int | None = None  # feeds.mllp_port
    codes: Path | None = None  # registry.codes_file; relative to where we are, as all paths here
    data_dir: Path | None = None
    imaging_sources: tuple[
        tuple[str, str], ...
    ] = ()  # more of [[imaging.source]]: its UID, and URL or folder
    keys: Path | None = None  # a folder of `xds keys`: certificate, key and partner table
    no_tls: bool = False  # plain HTTP on the loopback address, whatever certificates there are

    def over(self, settings: Settings) -> Settings:
        """Return settings with the options laid over them.

        Raises
        ------
        SettingsError
            A value out of its range, or settings that contradict each other now.
        """
        server, feeds, registry = settings.server, settings.feeds, settings.registry
        if self.host is not None:
            server, feeds = replace(server, host=self.host), replace(feeds, mllp_host=self.host)
        if self.port is not None:
            server = replace(server, port=self.port)
        if self.pid_feed_port is not None:
            feeds = replace(feeds, mllp_port=self.pid_feed_port)
        if self.codes is not None:
            registry = replace(registry, codes_file=self.codes.absolute())
        data_dir = settings.data_dir if self.data_dir is None else self.data_dir.absolute()
        settings = replace(settings, server=server, feeds=feeds, registry=registry, data_dir=data_dir)
        if self.imaging_sources:
            settings = _with_sources(settings, self.imaging_sources)
        if self.keys is not None:
            settings = with_keys(settings, self.keys.absolute())
        if self.no_tls:
            settings = _without_tls(settings)
        check(settings)
        return settings


def _with_sources(settings: Settings, sources: tuple[tuple[str, str], ...]) -> Settings:
    server, imaging = settings.server, settings.imaging
    more = tuple(
        ImagingSourceSettings(location_uid=uid, url=place)
        if "://" in place
        else ImagingSourceSettings(location_uid=uid, kind="folder", folder=Path(place).absolute())
        for uid, place in sources
    )
    roles = server.roles if "imaging" in server.roles else (*server.roles, "imaging")
    return replace(
        settings,
        server=replace(server, roles=roles),
        imaging=replace(imaging, source=(*imaging.source, *more)),
    )


def _without_tls(settings: Settings) -> Settings:
    server = settings.server
    if not is_loopback(server.host):
        raise SettingsError(
            f"--no-tls is for the loopback address only, and the service would listen on {server.host};"
            " leave one of the two out"
        )
    return replace(settings, server=replace(server, certificate=None, key=None))

"""What a browser and a WSDL reader see: pages, samples to fetch, WSDLs and schemas."""

from collections.abc import Callable, Mapping
from typing import Final

from xds.server import pages
from xds.server.application import SCHEMAS_PATH, Page
from xds.server.contracts import CONTRACT_TYPE, schema, wsdl
from xds.server.endpoint import Environ
from xds.server.samples import samples
from xds.settings import ServerSettings, Settings
from xds.transactions import Role

_HTML: Final = "text/html; charset=utf-8"


class Site:
    """Everything that this service answers to a GET."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def pages(self, ready: Callable[[], Mapping[str, bool]]) -> dict[str, Page]:
        """The pages by path; `ready` tells what the start page says of the service's health."""
        settings = self._settings
        found: dict[str, Page] = {
            "/": lambda environ: (_HTML, pages.start_page(settings, self._base(environ), ready()))
        }
        for role, path in pages.paths_of(settings.server).items():
            if role.value in settings.server.roles:
                found[path] = self._endpoint_page(role, path)
                found |= self._sample_pages(role, path)
        return found

    def schema(self, environ: Environ) -> tuple[str, bytes] | None:
        """A schema by its file name."""
        octets = schema(str(environ["PATH_INFO"]).removeprefix(SCHEMAS_PATH))
        return None if octets is None else (CONTRACT_TYPE, octets)

    def not_found(self, environ: Environ) -> bytes:
        """The page of an address where nothing is."""
        return pages.not_found_page(self._settings, self._base(environ))

    def _base(self, environ: Environ) -> str:
        return pages.base_url(environ, self._settings.server.public_url)

    def _endpoint_page(self, role: Role, path: str) -> Page:
        def page(environ: Environ) -> tuple[str, bytes]:
            base = self._base(environ)
            if str(environ.get("QUERY_STRING", "")).lower().split("&")[0].split("=")[0] == "wsdl":
                return CONTRACT_TYPE, wsdl(role, endpoint_url=base + path, schemas_url=base + SCHEMAS_PATH)
            return _HTML, pages.endpoint_page(role, self._settings, base)

        return page

    def _sample_pages(self, role: Role, path: str) -> dict[str, Page]:
        """Each sample as a file, for a curl line that needs nothing else."""
        repository = self._settings.repository.unique_id

        def page(filename: str) -> Page:
            def answer(environ: Environ) -> tuple[str, bytes] | None:
                made = samples(role, endpoint_url=self._base(environ) + path, repository_unique_id=repository)
                for sample in made:
                    if sample.filename == filename:
                        return sample.content_type, sample.body.encode()
                return None

            return answer

        names = [item.filename for item in samples(role, endpoint_url=path, repository_unique_id=repository)]
        return {f"{path}/{name}": page(name) for name in names}


def service_url(host: str, port: int, *, is_secured: bool = False) -> str:
    """The address under which the service is reached from its own machine."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104
    scheme = "https" if is_secured else "http"
    return f"{scheme}://[{shown}]:{port}" if ":" in shown else f"{scheme}://{shown}:{port}"


def own_url(server: ServerSettings) -> str:
    """The same, of settings that name a port."""
    return service_url(server.host, server.port, is_secured=server.certificate is not None)

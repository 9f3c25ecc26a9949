"""RAD-55 WADO-URI and RAD-107 WADO-RS, given on by the archive that a study's manifests name (RAD TF-2 4.55, 4.107).

Nothing but GET, nothing but what is listed here, and only of studies that may be given to who asks.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs

from xds.access import Caller
from xds.client import (
    DicomWebClient,
    InstanceNotFound,
    ServiceUnavailable,
    UnreadableAnswer,
)
from xds.imaging.access import ImageAccess
from xds.imaging.dicomweb import DicomWebSource
from xds.imaging.sources import Sources

_UID: Final = r"[0-9.]{1,64}"
_PATH: Final = re.compile(
    rf"/studies/(?P<study>{_UID})(?:/series/(?P<series>{_UID})(?:/instances/(?P<instance>{_UID})"
    r"(?:/frames/(?P<frames>[0-9]+(?:,[0-9]+)*))?)?)?(?P<what>/metadata|/rendered)?"
)
_RENDERED: Final = frozenset({"image/jpeg", "image/png"})
_QUERY: Final = frozenset({"window", "viewport", "quality"})
"""Parameters of a rendered image that are given on (DICOM PS3.18 8.3.5)."""
_DICOM: Final = "application/dicom"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAnswer:
    """What an HTTP server sends."""

    status: int
    content_type: str = "text/plain; charset=utf-8"
    pieces: Iterator[bytes] = field(default_factory=lambda: iter(()))
    study: str = ""  # that was given
    patients: tuple[str, ...] = ()
    location: str = ""
    instances: tuple[str, ...] = ()
    stack: ExitStack = field(default_factory=ExitStack)  # what is closed when it has left


def _said(status: int, sentence: str) -> WebAnswer:
    return WebAnswer(status=status, pieces=iter((sentence.encode() + b"\n",)))


_ABSENT: Final = "nothing is available at this address"
"""For what is not there, not shared, or withheld: nothing tells them apart."""


_Fetch = Callable[[DicomWebClient, ExitStack], tuple[str, Iterator[bytes]]]


class Wado:
    """Both transactions over the same sources and the same access checks as RAD-69."""

    def __init__(self, sources: Sources, access: ImageAccess) -> None:
        self._clients: Mapping[str, DicomWebClient] = {
            uid: source.client for uid, source in sources.items() if isinstance(source, DicomWebSource)
        }
        self._access = access

    def rs(self, path: str, query: str, accept: str, caller: Caller) -> WebAnswer:
        """Answer ``GET {base}{path}`` (DICOM PS3.18 10.4.1): instances, metadata, frames, rendered images."""
        match = _PATH.fullmatch(path)
        if match is None:
            return _said(
                404,
                f"{_ABSENT}: write /studies/UID, with /series/UID, /instances/UID and /metadata or /rendered",
            )
        if match["what"] == "/metadata" and match["frames"]:
            return _said(404, _ABSENT)
        wanted = _acceptable(match["what"], bool(match["frames"]), accept)
        if wanted is None:
            return _said(406, "none of the types that Accept names can be given here")
        chosen = "&".join(item for item in query.split("&") if item.partition("=")[0] in _QUERY)
        return self._given(match["study"], match["instance"], path, chosen, wanted, caller)

    def uri(self, query: str, accept: str, caller: Caller) -> WebAnswer:
        """Answer ``?requestType=WADO&…`` (DICOM PS3.18 9.4): one instance, or a frame of it rendered."""
        given = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
        if given.get("requestType") != "WADO":
            return _said(400, "requestType=WADO is missing")
        if not accept:
            return _said(400, "the Accept header is missing")
        uids = [given.get(name) for name in ("studyUID", "seriesUID", "objectUID")]
        if None in uids:
            return _said(400, "studyUID, seriesUID and objectUID are needed, all three")
        if not all(re.fullmatch(_UID, uid or "") for uid in uids):
            return _said(404, _ABSENT)
        study, series, instance = (uid or "" for uid in uids)
        kind = given.get("contentType", "image/jpeg").partition(";")[0].strip().lower()
        if kind not in _RENDERED | {_DICOM} or not _admits(accept, kind):
            return _said(406, "contentType is none that can be given here, or Accept does not admit it")
        path = f"/studies/{study}/series/{series}/instances/{instance}"
        if kind == _DICOM:
            return self._one(study, series, instance, caller)
        frame = given.get("frameNumber", "")
        if frame and not frame.isdecimal():
            return _said(400, "frameNumber is no number")
        return self._given(
            study, instance, f"{path}{f'/frames/{frame}' if frame else ''}/rendered", "", kind, caller
        )

    def _one(self, study: str, series: str, instance: str, caller: Caller) -> WebAnswer:
        """An instance by itself, taken out of WADO-RS's multipart."""

        def fetched(client: DicomWebClient, stack: ExitStack) -> tuple[str, Iterator[bytes]]:
            found = stack.enter_context(client.instances(study, series, instance))
            pieces = next(found, None)
            if pieces is None:
                raise InstanceNotFound("no instance came")
            return _DICOM, pieces

        return self._from_sources(study, instance, caller, fetched)

    def _given(
        self, study: str, instance: str | None, path: str, query: str, accept: str, caller: Caller
    ) -> WebAnswer:
        def fetched(client: DicomWebClient, stack: ExitStack) -> tuple[str, Iterator[bytes]]:
            return stack.enter_context(client.passed(path + (f"?{query}" if query else ""), accept))

        return self._from_sources(study, instance, caller, fetched)

    def _from_sources(self, study: str, instance: str | None, caller: Caller, fetched: _Fetch) -> WebAnswer:
        permitted = self._access.permitted([study], caller).get(study)
        places = () if permitted is None else [uid for uid in permitted.locations if uid in self._clients]
        answer = _said(404, _ABSENT)
        for place in places:
            stack = ExitStack()
            try:
                kind, pieces = fetched(self._clients[place], stack)
            except InstanceNotFound:
                continue
            except UnreadableAnswer as error:
                answer = _said(
                    406 if error.status in (400, 406, 415) else 502, "the archive cannot give it so"
                )
                continue
            except ServiceUnavailable:
                answer = _said(503, "the archive that holds it cannot be reached, or is too slow")
                continue
            return WebAnswer(
                status=200,
                content_type=kind,
                pieces=pieces,
                study=study,
                patients=permitted.patients if permitted else (),
                location=place,
                instances=(instance,) if instance else (),
                stack=stack,
            )
        return answer


def _acceptable(what: str | None, frames: bool, accept: str) -> str | None:
    """The Accept to send to the archive; None where it names nothing that can be given."""
    if what == "/metadata":
        return (
            "application/dicom+json"
            if _admits(accept, "application/dicom+json", "application/json")
            else None
        )
    if what == "/rendered":
        return next((kind for kind in ("image/jpeg", "image/png") if _admits(accept, kind)), None)
    if not _admits(accept, "multipart/related"):
        return None
    if "*/*" in accept or not accept:
        kind = "application/octet-stream" if frames else _DICOM
        return f'multipart/related; type="{kind}"'
    return next(item for item in _listed(accept) if item.lower().startswith("multipart/related"))


def _admits(accept: str, *kinds: str) -> bool:
    ranges = {item.partition(";")[0].strip().lower() for item in _listed(accept)} or {"*/*"}
    return any(kind in ranges or "*/*" in ranges or f"{kind.partition('/')[0]}/*" in ranges for kind in kinds)


def _listed(accept: str) -> Sequence[str]:
    """The media ranges of an Accept header; a comma in a quoted text is none between them."""
    return [item.strip() for item in re.findall(r'(?:[^,"]|"[^"]*")+', accept) if item.strip()]

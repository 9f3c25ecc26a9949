"""The names that stand as ``${…}`` in a plan: fresh ids, patients, documents, codes, and what answers gave."""

import hashlib
import re
import tomllib
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final
from xml.sax.saxutils import escape

from xds.conformance.plan import Plan
from xds.conformance.target import Target, default_codes
from xds.model import UUID_PREFIX

_NAME: Final = re.compile(r"\$\{([A-Za-z0-9_.-]+)\}")
_OID_ROOT: Final = "2.999.71"


class UnknownName(Exception):
    """A name that nothing gave: an earlier step failed, or the plan is wrong."""


class NoPatientLeft(Exception):
    """The target's list of known patients is used up."""


class Names:
    """The names of one run of one plan.

    Each is made when it is first asked for, from the run's seed: the same seed gives the same names. `known`
    holds what was made, and goes into the report.

    ========================  ===================================================================
    ``uuid.X`` ``oid.X``      a fresh entryUUID (URN), a fresh OID
    ``cx.X`` ``id.X``         a patient's identifier (CX), and its first component
    ``sha1.X`` ``size.X``     of the document X; ``content.X`` is its text
    ``code.X``                a value of codes.toml
    ``urn.X``                 an identifier of urns.toml
    ``authority`` ``now``     the affinity domain's OID; when the plan began (DTM, UTC)
    any other                 captured from an earlier answer
    ========================  ===================================================================
    """

    def __init__(
        self, plan: Plan, target: Target, *, seed: str, patients: Iterator[str], began: datetime | None = None
    ) -> None:
        self._plan = plan
        self._codes = {**default_codes(), **target.codes}
        self._authority = target.authority
        self._seed = seed
        self._patients = patients
        self._listed = bool(target.patients)
        self.known: dict[str, str] = {
            "authority": target.authority,
            "now": (began or datetime.now(UTC)).strftime("%Y%m%d%H%M%S"),
        }

    def __getitem__(self, name: str) -> str:
        if name not in self.known:
            kind, _, rest = name.partition(".")
            maker = self._makers().get(kind)
            if maker is None or not rest:
                raise UnknownName(name)
            self.known[name] = maker(rest)
        return self.known[name]

    def text(self, template: str, *, xml: bool = False) -> str:
        """Fill a text; `xml` escapes what is put in.

        Raises
        ------
        UnknownName
        """
        return fill(template, self.__getitem__, xml=xml)

    def all(self, value: Any) -> Any:
        """Fill every text within lists and tables."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.all(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return tuple(self.all(item) for item in value)
        return value

    def document(self, name: str) -> bytes:
        """The octets of a document of the plan."""
        return self[f"content.{name}"].encode()

    def _makers(self) -> dict[str, Callable[[str], str]]:
        return {
            "uuid": lambda rest: (
                UUID_PREFIX + str(uuid.UUID(bytes=self._fresh(f"uuid.{rest}", 16), version=4))
            ),
            "oid": lambda rest: f"{_OID_ROOT}.{int.from_bytes(self._fresh(f'oid.{rest}', 10), 'big')}",
            "cx": self._patient,
            "id": lambda rest: self[f"cx.{rest}"].partition("^")[0],
            "content": self._content,
            "sha1": lambda rest: hashlib.sha1(self.document(rest), usedforsecurity=False).hexdigest(),
            "size": lambda rest: str(len(self.document(rest))),
            "code": lambda rest: _listed(self._codes, "code", rest),
            "urn": lambda rest: _listed(_urns(), "urn", rest),
        }

    def _fresh(self, name: str, octets: int) -> bytes:
        return hashlib.sha256(f"{self._seed}/{self._plan.id}/{name}".encode()).digest()[:octets]

    def _patient(self, name: str) -> str:
        if self._listed and name in self._plan.patients:
            found = next(self._patients, None)
            if found is None:
                raise NoPatientLeft
            return found
        return f"C{self._fresh(f'cx.{name}', 5).hex().upper()}^^^&{self._authority}&ISO"

    def _content(self, name: str) -> str:
        template = self._plan.documents.get(name)
        if template is None:
            template = (
                f"Fabricated document {name} of the conformance plan {self._plan.id}, ${{oid.content}}\n"
            )
        return self.text(template)


def _listed(table: Mapping[str, str], kind: str, name: str) -> str:
    if name not in table:
        raise UnknownName(f"{kind}.{name}")
    return table[name]


@cache
def _urns() -> Mapping[str, str]:
    return dict(tomllib.loads(files("xds.conformance").joinpath("urns.toml").read_text("utf-8")))


def fill(template: str, lookup: Callable[[str], str], *, xml: bool = False) -> str:
    """Put names into a text."""

    def found(match: re.Match[str]) -> str:
        value = lookup(match[1])
        return escape(value, {'"': "&quot;"}) if xml else value

    return _NAME.sub(found, template)

"""What an identity provider says of a user, read as one access context: IHE XUA and ONE ID attributes alike.

Attributes may repeat, within a statement and across statements (ITI TF-2 3.40.4.1.2): what they say is put
together. Where only one value makes sense and two different ones are there, nobody guesses which was meant.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from xds.access.caller import AccessContext
from xds.model import InstanceIdentifier, OneIdAttribute, XuaAttribute


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedValue:
    """A code within an attribute: hl7:Role, hl7:PurposeOfUse (HL7 V3 CE)."""

    code: str
    scheme: str = ""  # codeSystem, an OID

    def __str__(self) -> str:
        return f"{self.code}^^{self.scheme}" if self.scheme else self.code


AttributeValue = str | CodedValue | InstanceIdentifier  # an identifier: hl7:id (HL7 V3 II)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a verified assertion says of its subject."""

    issuer: str
    name_id: str
    alias: str | None = None  # NameID/@SPProvidedID
    authentication: str | None = None  # AuthnContextClassRef or AuthnContextDeclRef
    attributes: tuple[tuple[str, AttributeValue], ...] = ()  # name and value, in the order they came


class AmbiguousAttribute(Exception):
    """An attribute, or two that mean the same, with different values where one is expected; its name."""


_ROLES: Final = (XuaAttribute.ROLE, OneIdAttribute.ROLES)
_DISPLAY_NAME: Final = (XuaAttribute.SUBJECT_ID, OneIdAttribute.DISPLAY_NAME)
_ORGANIZATION: Final = (XuaAttribute.ORGANIZATION_ID, OneIdAttribute.UAO)
_LICENCE: Final = (XuaAttribute.NPI, XuaAttribute.PROVIDER_IDENTIFIER, OneIdAttribute.RID)
_OID_TYPES: Final = frozenset("0123456789.")


def access_context(claims: Claims, one_id_prefix: str = "") -> AccessContext:
    """Map what an assertion says onto an access context.

    Parameters
    ----------
    one_id_prefix
        What the identity provider writes before the names of ONE ID attributes, such as ``"urn:…:"``.

    Raises
    ------
    AmbiguousAttribute
        Two values where there can be one: an organization, a purpose, a patient, a user's name or licence …
    """
    found = _Attributes(claims.attributes, one_id_prefix)
    given = [found.one(name) for name in (OneIdAttribute.FIRST_NAME, OneIdAttribute.LAST_NAME)]
    return AccessContext(
        user=claims.name_id,
        issuer=claims.issuer,
        alias=claims.alias,
        display_name=found.one(*_DISPLAY_NAME) or " ".join(filter(None, given)) or None,
        licence=found.first(*_LICENCE),
        organization=found.one(*_ORGANIZATION),
        organization_name=found.one(XuaAttribute.ORGANIZATION),
        roles=frozenset(_text(value) for value in found.values(*_ROLES)),
        purpose=found.one(XuaAttribute.PURPOSE_OF_USE),
        on_behalf_of=found.one(OneIdAttribute.OBO),
        override_reason=found.one(XuaAttribute.OVERRIDE_REASON),
        assurance_level=found.one(OneIdAttribute.AUTHENTICATION_LEVEL) or claims.authentication,
        resource_id=_patient(found),
        home_community_id=found.one(XuaAttribute.HOME_COMMUNITY_ID),
    )


class _Attributes:
    """Attributes by name, their values put together."""

    def __init__(self, attributes: Iterable[tuple[str, AttributeValue]], prefix: str) -> None:
        known = {name.value: name.value for name in XuaAttribute}
        known |= {prefix + name.value: name.value for name in OneIdAttribute}
        self._values: dict[str, list[AttributeValue]] = {}
        for name, value in attributes:
            if name in known:
                self._values.setdefault(known[name], []).append(value)

    def values(self, *names: str) -> Sequence[AttributeValue]:
        """Every value of attributes that mean the same."""
        return [value for name in names for value in self._values.get(name, ())]

    def one(self, *names: str) -> str | None:
        """The value of attributes that mean the same; None when there is none."""
        return _same(names[0], map(_text, self.values(*names)))

    def first(self, *names: str) -> str | None:
        """The first identifier of several; of one authority there can be only one (3.40.4.1.2: may repeat)."""
        values = self.values(*names)
        for authority in {_authority(value) for value in values}:
            _same(names[0], (_number(value) for value in values if _authority(value) == authority))
        return _text(values[0]) if values else None


def _same(name: str, values: Iterable[str]) -> str | None:
    different = set(values)
    if len(different) > 1:
        raise AmbiguousAttribute(name)
    return next(iter(different), None)


def _text(value: AttributeValue) -> str:
    if isinstance(value, InstanceIdentifier):
        return f"{value.extension}^^{value.root}"
    return str(value)


def _authority(value: AttributeValue) -> str:
    """Who issued an identifier: the root of an II, what stands before the colon of a registration id."""
    if isinstance(value, InstanceIdentifier):
        return value.root
    if isinstance(value, CodedValue):
        return value.scheme
    return value.rpartition(":")[0]


def _number(value: AttributeValue) -> str:
    if isinstance(value, InstanceIdentifier):
        return value.extension
    return value.code if isinstance(value, CodedValue) else value


def _patient(found: _Attributes) -> str | None:
    """The patient of the assertion as CX: resource-id, or ONE ID's patient context under its authority."""
    patient_ids: list[str] = [_text(value) for value in found.values(XuaAttribute.RESOURCE_ID)]
    context = found.one(OneIdAttribute.PATIENT_CONTEXT_ID)
    if context is not None:
        authority = found.one(OneIdAttribute.PATIENT_CONTEXT_ID_AUTHORITY)
        patient_ids.append(_cx(context, authority or ""))
    return _same(XuaAttribute.RESOURCE_ID, patient_ids)


def _cx(number: str, authority: str) -> str:
    authority = authority.removeprefix("urn:oid:")
    is_oid: Callable[[str], bool] = _OID_TYPES.issuperset
    return f"{number}^^^&{authority}&ISO" if authority and is_oid(authority) else f"{number}^^^{authority}"

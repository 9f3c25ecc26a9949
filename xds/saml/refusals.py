"""Why an assertion is not believed: one row for each rule, with the code of SAML Token Profile 1.1, 3.6.

As in `xds.wss.refusals` the words name the rule, and hold nothing of the assertion, of a key or of what a parser said.
"""

from typing import Final

from xds.wss import FaultCode, Refusal


def _row(name: str, code: FaultCode, en: str, fr: str) -> Refusal:
    return Refusal(
        id=f"assertion-{name}",
        code=code,
        en=f"The assertion is not accepted: {en}.",
        fr=f"L'assertion n'est pas acceptée : {fr}.",
    )


_SECURITY: Final = FaultCode.INVALID_SECURITY
_UNSUPPORTED: Final = FaultCode.UNSUPPORTED_SECURITY_TOKEN
_INVALID: Final = FaultCode.INVALID_SECURITY_TOKEN
_CHECK: Final = FaultCode.FAILED_CHECK

# Step 1: one assertion, in its place, of a size that can be read.
ENCRYPTED: Final = _row(
    "encrypted",
    _UNSUPPORTED,
    "encrypted ones are not read here; send it as it is, the channel is encrypted",
    "les assertions chiffrées ne sont pas lues ici ; envoyez-la telle quelle, le canal est chiffré",
)
TWICE: Final = _row(
    "twice",
    _CHECK,
    "the message has {count} of them; send one",
    "le message en a {count} ; envoyez-en une seule",
)
SECURITY_TWICE: Final = _row(
    "security-twice",
    _SECURITY,
    "the message has more than one wsse:Security; send one",
    "le message a plusieurs wsse:Security ; envoyez-en un seul",
)
PLACE: Final = _row(
    "place",
    _CHECK,
    "it has to be a child of the wsse:Security header",
    "elle doit être un enfant de l'en-tête wsse:Security",
)
UNREADABLE: Final = _row(
    "unreadable",
    _SECURITY,
    "where it comes by itself it is base64 of one saml:Assertion of SAML 2.0, not encrypted",
    "là où elle vient seule, c'est le base64 d'une seule saml:Assertion de SAML 2.0, non chiffrée",
)
SIZE: Final = _row("size", _SECURITY, "it has more than {limit} octets", "elle a plus de {limit} octets")
ATTRIBUTES: Final = _row(
    "attributes",
    _SECURITY,
    "it has more than {limit} attributes or values",
    "elle a plus de {limit} attributs ou valeurs",
)
VERSION: Final = _row(
    "version", _UNSUPPORTED, "it is not of SAML version 2.0", "elle n'est pas de la version 2.0 de SAML"
)

# Step 2: its signature.
COMMENT: Final = _row(
    "comment",
    _CHECK,
    "it holds a comment, a processing instruction or an entity",
    "elle contient un commentaire, une instruction de traitement ou une entité",
)
ID: Final = _row(
    "id",
    _CHECK,
    "its ID is missing, or another element has the same",
    "son ID manque, ou un autre élément porte le même",
)
UNSIGNED: Final = _row("unsigned", _CHECK, "it is not signed", "elle n'est pas signée")
SIGNATURE_PLACE: Final = _row(
    "signature-place",
    _CHECK,
    "it has to bear one signature, as a child of its own",
    "elle doit porter une seule signature, comme enfant direct",
)
SIGNATURE_SHAPE: Final = _row(
    "signature-shape",
    _CHECK,
    "its signature has to be SignedInfo, SignatureValue and KeyInfo",
    "sa signature doit être SignedInfo, SignatureValue et KeyInfo",
)
REFERENCE: Final = _row(
    "reference",
    _CHECK,
    "its signature has to refer to its own ID, and to nothing else",
    "sa signature doit renvoyer à son propre ID, et à rien d'autre",
)
ALGORITHM: Final = _row(
    "algorithm",
    FaultCode.UNSUPPORTED_ALGORITHM,
    "{what} has to be one of: {served}",
    "{what} doit être l'un de : {served}",
)
SIGNATURE: Final = _row(
    "signature",
    _CHECK,
    "its signature does not hold for a key that is enrolled for its Issuer and in date",
    "sa signature ne vaut pour aucune clé enregistrée de son Issuer et en cours de validité",
)
SIGNED_NODE: Final = _row(
    "signed-node",
    _CHECK,
    "what is signed is not the assertion alone",
    "ce qui est signé n'est pas l'assertion seule",
)

# Step 3: the issuer.
ISSUER_PLACE: Final = _row(
    "issuer-place",
    _CHECK,
    "it has to begin with its one Issuer",
    "elle doit commencer par son unique Issuer",
)
ISSUER: Final = _row(
    "issuer", _INVALID, "its Issuer is not enrolled here", "son Issuer n'est pas enregistré ici"
)

# What has to be in it, and what nobody knows.
ONCE: Final = _row("once", _INVALID, "it has more than one {what}", "elle a plusieurs {what}")
SUBJECT: Final = _row("subject", _INVALID, "its Subject needs a NameID", "son Subject a besoin d'un NameID")
CONDITION: Final = _row(
    "condition",
    _UNSUPPORTED,
    "it has a condition that is not known here",
    "elle a une condition qui n'est pas connue ici",
)
HOLDER: Final = _row(
    "holder",
    _INVALID,
    "the certificate of its holder cannot be read",
    "le certificat de son porteur est illisible",
)
VALUE: Final = _row(
    "value",
    _INVALID,
    "an AttributeValue holds a text or one element of {namespace}",
    "un AttributeValue contient un texte ou un élément de {namespace}",
)
INSTANT: Final = _row(
    "instant",
    _INVALID,
    "{what} has to be a date and time in UTC, such as 2026-05-01T12:00:00Z",
    "{what} doit être une date et heure UTC, comme 2026-05-01T12:00:00Z",
)

# Step 4: time.
CONDITIONS: Final = _row(
    "conditions",
    _INVALID,
    "its Conditions need NotBefore and NotOnOrAfter",
    "ses Conditions ont besoin de NotBefore et NotOnOrAfter",
)
NOT_YET_VALID: Final = _row(
    "not-yet-valid",
    _INVALID,
    "it is not valid yet; are the clocks right?",
    "elle n'est pas encore valide ; les horloges sont-elles justes ?",
)
EXPIRED: Final = _row("expired", _INVALID, "it has expired", "elle est expirée")
LIFE: Final = _row(
    "life",
    _INVALID,
    "it is valid for more than {minutes} minutes",
    "elle est valide plus de {minutes} minutes",
)
AUTHENTICATION_MISSING: Final = _row(
    "authentication-missing",
    _INVALID,
    "it needs an AuthnStatement with AuthnInstant and AuthnContextClassRef",
    "il lui faut un AuthnStatement avec AuthnInstant et AuthnContextClassRef",
)
AUTHENTICATION_AGE: Final = _row(
    "authentication-age",
    _INVALID,
    "its user authenticated too long ago, or in the future",
    "son utilisateur s'est authentifié il y a trop longtemps, ou dans le futur",
)
AUTHENTICATION: Final = _row(
    "authentication",
    _INVALID,
    "how its user authenticated is not enough here",
    "la façon dont son utilisateur s'est authentifié ne suffit pas ici",
)

# Steps 5 and 6: for whom it is, and who may bring it.
AUDIENCE: Final = _row(
    "audience",
    _INVALID,
    "its Audience is neither this service nor its affinity domain",
    "son Audience n'est ni ce service ni son domaine d'affinité",
)
CONFIRMATION_MISSING: Final = _row(
    "confirmation-missing",
    _INVALID,
    "its Subject needs a SubjectConfirmation, bearer or holder-of-key",
    "son Subject a besoin d'une SubjectConfirmation, bearer ou holder-of-key",
)
CONFIRMATION_METHOD: Final = _row(
    "confirmation-method",
    _INVALID,
    "its SubjectConfirmation is neither bearer nor holder-of-key",
    "sa SubjectConfirmation n'est ni bearer ni holder-of-key",
)
CONFIRMATION_TIME: Final = _row(
    "confirmation-time",
    _INVALID,
    "its SubjectConfirmation is not valid now",
    "sa SubjectConfirmation n'est pas valide maintenant",
)
RECIPIENT: Final = _row(
    "recipient", _INVALID, "its Recipient is not this end point", "son Recipient n'est pas cette adresse"
)
HOLDER_OF_KEY: Final = _row(
    "holder-of-key",
    FaultCode.FAILED_AUTHENTICATION,
    "it is for the holder of a key that neither the TLS connection nor the message's signature proves",
    "elle est pour le porteur d'une clé que ni la connexion TLS ni la signature du message ne prouvent",
)

# Steps 7 and 8: once, and without doubt.
REPLAY: Final = _row(
    "replay",
    _CHECK,
    "its ID was used before, with other content or for its only use",
    "son ID a déjà servi, avec un autre contenu ou pour son unique usage",
)
AMBIGUOUS: Final = _row(
    "ambiguous",
    _INVALID,
    "{attribute} has different values where one is expected",
    "{attribute} a des valeurs différentes là où une seule est attendue",
)

# Step 10: by whom it comes.
NOT_COVERED: Final = _row(
    "not-covered",
    _CHECK,
    "the message's signature does not cover it",
    "la signature du message ne la couvre pas",
)
SENDER: Final = _row(
    "sender",
    FaultCode.FAILED_AUTHENTICATION,
    "who brings it has to be known, by the message's signature or by the certificate of the TLS connection",
    "qui l'apporte doit être connu, par la signature du message ou par le certificat de la connexion TLS",
)

"""What can go wrong between a client and its peer; an answer of the peer that says no is not among it."""


class ClientError(Exception):
    """No answer that can be used came; the text is one sentence fit for a user."""


class ServiceUnavailable(ClientError):
    """The peer cannot be reached, does not answer in time, or breaks the connection.

    Whether it acted on the request is unknown, unless the connection was refused.
    """


class UnreadableAnswer(ClientError):
    """The peer answered with something else than the message expected: an error page, cut or foreign XML.

    Parameters
    ----------
    status
        HTTP status of the answer.
    excerpt
        Its first characters.
    """

    def __init__(self, message: str, *, status: int, excerpt: str = "") -> None:
        super().__init__(f"{message}: {excerpt}" if excerpt else message)
        self.status = status
        self.excerpt = excerpt


class DocumentNotSent(ClientError):
    """A document could not be read, or changed, while it was being sent; the connection was broken."""


class SoapFault(ClientError):
    """The peer answered with a SOAP fault, 1.2 or 1.1 (SOAP 1.2 Part 1, 5.4).

    Parameters
    ----------
    code
        Local name of Code/Value: ``Sender``, ``Receiver``, …; of SOAP 1.1 its faultcode (``Client``, …).
    subcodes
        Local names of the Subcodes, outermost first.
    reason
        Reason/Text, in English when there is a choice; faultstring of SOAP 1.1.
    detail
        The text within Detail; empty when there is none.
    status
        HTTP status of the answer.
    """

    def __init__(
        self, code: str, subcodes: tuple[str, ...], reason: str, detail: str = "", *, status: int = 500
    ) -> None:
        names = "/".join((code, *subcodes))
        super().__init__(f"{names}: {reason}" + (f" ({detail})" if detail else ""))
        self.code = code
        self.subcodes = subcodes
        self.reason = reason
        self.detail = detail
        self.status = status

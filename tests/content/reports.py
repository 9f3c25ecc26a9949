"""A strategy that makes reports of every shape."""

from hypothesis import strategies as st

from xds.content import InstanceId, Institution, Practitioner, Related, Report, ReportPatient, Section
from xds.model import Code, LocalizedString, PatientIdentifier

WORDS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=12
)  # no white space and no controls: the reader folds white space
TEXTS = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)
ARCS = st.lists(st.integers(0, 99_999), min_size=1, max_size=5)
OIDS = ARCS.map(lambda arcs: "2.999." + ".".join(map(str, arcs)))
SECONDS = st.datetimes().map(lambda moment: f"{moment:%Y%m%d%H%M%S}".zfill(14))
CODES = st.builds(
    lambda code, scheme, display: Code(code=code, scheme=scheme, display=(LocalizedString(value=display),)),
    WORDS,
    OIDS,
    TEXTS,
)
INSTANCE_IDS = st.builds(InstanceId, root=OIDS, extension=st.none() | WORDS)
PATIENT_IDS = st.builds(PatientIdentifier, WORDS, OIDS)
GIVEN = st.lists(TEXTS, min_size=1, max_size=3).map(tuple)
REPORTS = st.builds(
    Report,
    id=INSTANCE_IDS,
    title=TEXTS,
    language_code=st.sampled_from(("en-CA", "fr-CA")),
    creation_time=SECONDS,
    type_code=CODES,
    confidentiality_code=CODES,
    patient=st.builds(
        ReportPatient,
        ids=st.lists(PATIENT_IDS, min_size=1, max_size=3).map(tuple),
        family=TEXTS,
        given=GIVEN,
        birth_date=SECONDS.map(lambda time: time[:8]),
        sex=st.sampled_from("FMOU"),
    ),
    author=st.builds(
        Practitioner, licence=INSTANCE_IDS, family=TEXTS, given=GIVEN, prefix=st.just("") | TEXTS
    ),
    institution=st.builds(Institution, oid=OIDS, name=TEXTS),
    service_start_time=SECONDS,
    service_stop_time=SECONDS,
    accession=PATIENT_IDS,
    study_instance_uid=OIDS,
    event_codes=st.lists(CODES, max_size=3).map(tuple),
    sections=st.lists(
        st.builds(
            Section, code=CODES, title=TEXTS, paragraphs=st.lists(TEXTS, min_size=1, max_size=3).map(tuple)
        ),
        min_size=1,
        max_size=4,
    ).map(tuple),
    is_signed=st.booleans(),
    related=st.lists(
        st.builds(Related, relation=st.sampled_from(("RPLC", "APND", "XFRM")), document=INSTANCE_IDS),
        max_size=2,
    ).map(tuple),
)

-- Which studies a manifest refers to (RAD-68): RAD-69, RAD-55 and RAD-107 name a study and no patient, so that whose
-- images they ask for is looked up here. Written with the document; what it is worth, its submission's state says.
CREATE TABLE repository_study (
    study_uid              text NOT NULL,
    unique_id              text NOT NULL,
    submission_id          bigint NOT NULL,
    retrieve_location_uid  text NOT NULL,  -- empty: the manifest names no source
    PRIMARY KEY (study_uid, unique_id, submission_id, retrieve_location_uid),
    FOREIGN KEY (unique_id, submission_id) REFERENCES repository_document (unique_id, submission_id)
);

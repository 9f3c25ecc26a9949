"""The readings in English. Written for this sandbox; no text is a real patient's."""

from typing import Final

from xds.sandbox.scripts import Repertoire, Script

ENGLISH: Final = {
    "chest-xr": Repertoire(
        technique="Upright PA and lateral views.",
        scripts=(
            Script(
                indication="Cough and low-grade fever for one week.",
                findings=(
                    "The lungs are clear. No focal consolidation, pleural effusion or pneumothorax.",
                    "The heart is not enlarged. The mediastinal contour is normal for age.",
                    "Mild degenerative change of the thoracic spine.",
                ),
                impression=("No acute cardiopulmonary process.",),
            ),
            Script(
                indication="Productive cough, crackles at the {side} base. Query pneumonia.",
                findings=(
                    "Patchy airspace opacity in the {side} lower zone, with air bronchograms.",
                    "Small {side} pleural effusion, {mm} mm at the costophrenic angle on the lateral view.",
                    "Normal cardiomediastinal silhouette.",
                ),
                impression=(
                    "{side_capital} lower lobe pneumonia with a small parapneumonic effusion.",
                    "Follow-up radiograph in six weeks is suggested to confirm resolution.",
                ),
            ),
            Script(
                indication="Known heart failure, more short of breath.",
                findings=(
                    "The heart is enlarged. Upper lobe vessels are distended, septal lines at both bases.",
                    "Small bilateral pleural effusions, larger on the {side}.",
                    "No pneumothorax.",
                ),
                impression=("Interstitial edema with small effusions, in keeping with heart failure.",),
            ),
            Script(
                indication="Pre-operative assessment before hip replacement.",
                findings=(
                    "A calcified nodule of {size} mm in the {side} upper zone, in keeping with an old granuloma.",
                    "The lungs are otherwise clear; the pleural spaces are dry.",
                    "Heart size is at the upper limit of normal.",
                ),
                impression=("No finding that should delay the operation.", "Old granulomatous disease."),
            ),
        ),
    ),
    "chest-xr-portable": Repertoire(
        technique="Single AP supine view at the bedside.",
        scripts=(
            Script(
                indication="Respiratory distress. Line placement.",
                findings=(
                    "The endotracheal tube ends {mm} mm above the carina.",
                    "Fine granular opacity of both lungs, with normal volume.",
                    "No pneumothorax. The stomach contains gas.",
                ),
                impression=(
                    "Tube in satisfactory position.",
                    "Mild diffuse lung disease; recheck in 12 hours.",
                ),
            ),
            Script(
                indication="After central line insertion.",
                findings=(
                    "The tip of the {side} jugular line projects over the superior vena cava.",
                    "No pneumothorax is seen on this supine view.",
                    "Bands of atelectasis at both bases.",
                ),
                impression=("Line in satisfactory position, without complication.",),
            ),
        ),
    ),
    "chest-ct": Repertoire(
        technique="Helical acquisition after 75 mL of intravenous contrast; 1.25 mm axial and 3 mm coronal images.",
        scripts=(
            Script(
                indication="Follow-up of a pulmonary nodule.",
                findings=(
                    "Solid nodule in the {side} upper lobe, {size} mm, smooth, not changed since the prior exam.",
                    "No new nodule. Mild centrilobular emphysema in the upper zones.",
                    "No enlarged mediastinal or hilar lymph node. No effusion.",
                    "The adrenal glands are normal.",
                ),
                impression=(
                    "Stable {size} mm nodule of the {side} upper lobe.",
                    "Given the stability, one more low-dose CT in twelve months completes the follow-up.",
                ),
                needs_prior=True,
            ),
            Script(
                indication="Pleuritic pain and tachycardia. Query pulmonary embolism.",
                findings=(
                    "Filling defects in the segmental arteries of the {side} lower lobe.",
                    "The right ventricle is not dilated; RV to LV ratio is 0.8.",
                    "Wedge-shaped subpleural opacity of {mm} mm, in keeping with a small infarct.",
                ),
                impression=(
                    "Acute segmental pulmonary embolism of the {side} lower lobe, without right heart strain.",
                    "The result was given by telephone to the emergency physician at the time of reading.",
                ),
            ),
            Script(
                indication="Hemoptysis, smoker of 30 pack-years.",
                findings=(
                    "Bronchial wall thickening in the lower lobes with mucus in several segmental bronchi.",
                    "No endobronchial lesion and no mass. Scattered micronodules up to 3 mm.",
                    "Moderate coronary calcification.",
                ),
                impression=(
                    "Airway disease without a mass.",
                    "Coronary calcification; clinical correlation.",
                ),
            ),
        ),
    ),
    "head-ct": Repertoire(
        technique="Axial 2.5 mm images from skull base to vertex, no contrast.",
        scripts=(
            Script(
                indication="Fall from standing height, on anticoagulants.",
                findings=(
                    "No intra- or extra-axial hemorrhage. Grey-white differentiation is preserved.",
                    "Ventricles and sulci are in keeping with age.",
                    "No fracture. The paranasal sinuses and mastoid cells are clear.",
                ),
                impression=("No acute intracranial abnormality.",),
            ),
            Script(
                indication="Sudden weakness of one side, onset two hours ago.",
                findings=(
                    "Loss of the insular ribbon and sulcal effacement on the {side}; ASPECTS 8.",
                    "Hyperdense middle cerebral artery on the {side} over {mm} mm.",
                    "No hemorrhage.",
                ),
                impression=(
                    "Early ischemic change in the {side} middle cerebral artery territory, without hemorrhage.",
                    "The stroke team was informed during the exam.",
                ),
            ),
            Script(
                indication="Headache and confusion for two weeks after a minor head injury.",
                findings=(
                    "Crescent-shaped collection along the {side} convexity, isodense to cortex, {mm} mm thick.",
                    "Midline shift of 3 mm. The basal cisterns are open.",
                ),
                impression=("Subacute {side} subdural hematoma of {mm} mm. Neurosurgical opinion advised.",),
            ),
        ),
    ),
    "abdomen-ct": Repertoire(
        technique="Portal venous phase after oral and intravenous contrast; 3 mm axial and coronal images.",
        scripts=(
            Script(
                indication="Right lower quadrant pain, fever, raised white count.",
                findings=(
                    "The appendix is dilated to {mm} mm with a thick enhancing wall and an appendicolith.",
                    "Fat stranding around it. No abscess and no free gas.",
                    "Liver, spleen, pancreas, adrenals and kidneys are normal.",
                ),
                impression=("Acute appendicitis, not perforated.",),
            ),
            Script(
                indication="Left flank pain. Query diverticulitis or stone.",
                findings=(
                    "Wall thickening of the sigmoid over 6 cm with inflamed diverticula and fat stranding.",
                    "No collection. A simple cyst of {size} mm in the {side} kidney.",
                    "No ureteric stone.",
                ),
                impression=(
                    "Uncomplicated sigmoid diverticulitis.",
                    "Colonoscopy is advised after the acute episode if not done lately.",
                ),
            ),
            Script(
                indication="Surveillance after resection of a colon cancer.",
                findings=(
                    "The anastomosis is unremarkable. No local recurrence.",
                    "Liver cyst of {size} mm, unchanged; no new liver lesion.",
                    "No enlarged lymph node. No ascites.",
                ),
                impression=("No sign of recurrence.",),
                needs_prior=True,
            ),
        ),
    ),
    "trauma-ct": Repertoire(
        technique=(
            "Head and cervical spine without contrast; chest, abdomen and pelvis in arterial and portal phases. "
            "Four series, 0.6 to 2 mm."
        ),
        scripts=(
            Script(
                indication="Driver in a high-speed collision, hypotensive at the scene.",
                findings=(
                    "Head and cervical spine: no hemorrhage, no fracture.",
                    "Chest: fractures of the {side} fifth to eighth ribs, a {mm} mm pneumothorax, lung contusion.",
                    "Abdomen: splenic laceration of grade II without active extravasation; a little free fluid.",
                    "Pelvis and thoracolumbar spine: no fracture.",
                ),
                impression=(
                    "{side_capital} rib fractures with a small pneumothorax and contusion.",
                    "Grade II splenic laceration without active bleeding.",
                ),
            ),
        ),
    ),
    "brain-mr": Repertoire(
        technique="Sagittal T1, axial T2, FLAIR, diffusion, SWI and T1 after 7 mL of gadolinium at 1.5 T.",
        scripts=(
            Script(
                indication="Optic neuritis. Query demyelination.",
                findings=(
                    "Seven ovoid FLAIR lesions, periventricular and juxtacortical, the largest {size} mm.",
                    "One enhances after contrast, in the {side} frontal white matter.",
                    "No restricted diffusion. The ventricles are normal.",
                ),
                impression=(
                    "Lesions disseminated in space and time, in keeping with multiple sclerosis.",
                    "MR of the cervical cord is suggested.",
                ),
            ),
            Script(
                indication="Chronic migraine, change of pattern.",
                findings=(
                    "A few punctate foci of white matter signal, not specific.",
                    "No mass, hemorrhage or restricted diffusion. No abnormal enhancement.",
                    "The venous sinuses are patent.",
                ),
                impression=("No cause for the headache is shown.",),
            ),
        ),
    ),
    "spine-mr": Repertoire(
        technique="Sagittal T1, T2 and STIR; axial T2 from L1 to S1.",
        scripts=(
            Script(
                indication="Sciatica of the {side} leg for three months. Surgical planning.",
                findings=(
                    "L4-L5: disc extrusion to the {side}, {mm} mm, pressing the L5 root in the lateral recess.",
                    "L5-S1: broad-based bulge without nerve root contact.",
                    "The conus ends at L1 and is normal. No fracture.",
                ),
                impression=("L4-L5 disc extrusion on the {side} with compression of the L5 root.",),
            ),
            Script(
                indication="Low back pain on walking, better when bending forward.",
                findings=(
                    "L3-L4 and L4-L5: facet hypertrophy and thick ligaments; the canal measures {mm} mm.",
                    "Grade I degenerative anterolisthesis of L4 on L5.",
                ),
                impression=("Central stenosis at L3-L4 and L4-L5, moderate.",),
            ),
        ),
    ),
    "abdomen-us": Repertoire(
        technique="Real-time examination with a curved 5 MHz probe, fasting.",
        scripts=(
            Script(
                indication="Right upper quadrant pain after meals.",
                findings=(
                    "Several mobile gallstones up to {size} mm. The gallbladder wall measures 2 mm.",
                    "The common duct measures 4 mm. No sonographic Murphy sign.",
                    "Liver of normal echogenicity. Both kidneys are normal.",
                ),
                impression=("Gallstones without cholecystitis.",),
            ),
            Script(
                indication="Raised liver enzymes.",
                findings=(
                    "Diffusely echogenic liver, with poor penetration. No focal lesion.",
                    "Portal vein flow is toward the liver. Spleen 11 cm.",
                ),
                impression=("Hepatic steatosis.",),
            ),
            Script(
                indication="Screening for abdominal aortic aneurysm.",
                findings=(
                    "The infrarenal aorta measures {aorta} mm in its largest diameter.",
                    "Iliac arteries are of normal calibre.",
                ),
                impression=("Infrarenal aorta of {aorta} mm. Repeat in one year.",),
            ),
        ),
    ),
    "breast-mg": Repertoire(
        technique="Digital CC and MLO views of both breasts: four series.",
        scripts=(
            Script(
                indication="Routine screening; no symptoms. No first-degree relative with breast cancer.",
                findings=(
                    "Scattered fibroglandular density (B).",
                    "No mass, distortion or suspicious calcification in either breast.",
                    "A benign vascular calcification on the {side}.",
                ),
                impression=("BI-RADS 2: benign. Return to routine screening in two years.",),
            ),
            Script(
                indication="Routine screening. Prior benign biopsy on the {side}.",
                findings=(
                    "Heterogeneously dense breasts (C).",
                    "Cluster of fine pleomorphic calcifications, {mm} mm, upper outer {side} breast.",
                ),
                impression=("BI-RADS 0: magnification views of the {side} breast are needed.",),
            ),
        ),
    ),
    "knee-xr": Repertoire(
        technique="Standing AP, lateral and skyline views.",
        scripts=(
            Script(
                indication="Twisting injury of the {side} knee at hockey. Cannot bear weight.",
                findings=(
                    "Moderate joint effusion. No fracture or dislocation is seen.",
                    "Joint spaces are preserved.",
                ),
                impression=("Effusion without fracture; MR if instability persists.",),
            ),
            Script(
                indication="Chronic pain of the {side} knee.",
                findings=(
                    "Medial joint space narrowed to {mm} mm, with osteophytes and subchondral sclerosis.",
                    "Patellofemoral osteophytes. No loose body.",
                ),
                impression=("Moderate osteoarthritis, mainly of the medial compartment.",),
            ),
        ),
    ),
    "hand-xr": Repertoire(
        technique="PA, oblique and lateral views.",
        scripts=(
            Script(
                indication="Fall on the outstretched {side} hand.",
                findings=(
                    "Transverse fracture of the distal radius, 2 cm from the joint, tilted 12 degrees dorsally.",
                    "Small avulsion of the ulnar styloid. The scaphoid is intact.",
                ),
                impression=("Displaced distal radius fracture on the {side}.",),
            ),
            Script(
                indication="Stiff and painful fingers.",
                findings=(
                    "Narrowed distal interphalangeal joints with osteophytes, most at the index finger.",
                    "No erosion. Carpal alignment is normal.",
                ),
                impression=("Osteoarthritis; no sign of inflammatory arthritis.",),
            ),
        ),
    ),
    "heart-nm": Repertoire(
        technique="Two-day protocol with technetium-99m sestamibi; treadmill stress, gated SPECT.",
        scripts=(
            Script(
                indication="Exertional chest pain, two risk factors.",
                findings=(
                    "Exercise for 7 minutes, 92 % of the predicted heart rate, no chest pain.",
                    "Perfusion is even at stress and at rest. Ejection fraction 6{digit} %.",
                ),
                impression=("No ischemia and no scar. Low-risk scan.",),
            ),
            Script(
                indication="Prior infarct, new dyspnea.",
                findings=(
                    "Fixed defect of the inferior wall; partly reversible defect of the apex.",
                    "Ejection fraction 4{digit} %, hypokinesis of the inferior wall.",
                ),
                impression=("Inferior scar with ischemia around the apex.",),
            ),
        ),
    ),
    "soft-tissue-us": Repertoire(
        technique="High-frequency linear probe over the palpable lump.",
        scripts=(
            Script(
                indication="Painless lump of the {side} forearm, growing slowly.",
                findings=(
                    "Well-defined, compressible, echogenic mass in the subcutaneous fat, {size} mm.",
                    "No flow on Doppler. The muscle beneath is normal.",
                ),
                impression=("Lipoma of {size} mm. No follow-up is needed unless it grows.",),
            ),
        ),
    ),
}

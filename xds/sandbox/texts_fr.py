"""Les lectures en français. Written for this sandbox; no text is a real patient's."""

from typing import Final

from xds.sandbox.scripts import Repertoire, Script

FRENCH: Final = {
    "chest-xr": Repertoire(
        technique="Incidences postéro-antérieure et latérale, debout.",
        scripts=(
            Script(
                indication="Toux et fièvre légère depuis une semaine.",
                findings=(
                    "Les poumons sont clairs. Ni consolidation, ni épanchement pleural, ni pneumothorax.",
                    "Le cœur n’est pas augmenté de volume. Le médiastin est normal pour l’âge.",
                ),
                impression=("Aucune anomalie cardiopulmonaire aiguë.",),
            ),
            Script(
                indication="Dyspnée progressive, œdème des chevilles.",
                findings=(
                    "Cardiomégalie. Redistribution vasculaire vers les sommets et lignes septales aux bases.",
                    "Épanchements pleuraux minimes, plus marqués du côté {side}.",
                ),
                impression=("Œdème interstitiel compatible avec une insuffisance cardiaque.",),
            ),
            Script(
                indication="Contrôle d’une pneumonie traitée.",
                findings=(
                    "L’opacité de la base du côté {side} a disparu. Il persiste une bande cicatricielle de {mm} mm.",
                    "Le reste de l’examen est sans particularité.",
                ),
                impression=("Résolution de la pneumonie; cicatrice résiduelle.",),
                needs_prior=True,
            ),
        ),
    ),
    "chest-ct": Repertoire(
        technique="Acquisition hélicoïdale après 75 mL de contraste iodé; coupes de 1,25 mm.",
        scripts=(
            Script(
                indication="Suivi d’un nodule pulmonaire découvert fortuitement.",
                findings=(
                    "Nodule solide de {size} mm au lobe supérieur du côté {side}, inchangé.",
                    "Pas de nouveau nodule. Léger emphysème centrolobulaire aux sommets.",
                    "Aucune adénopathie médiastinale ni hilaire. Pas d’épanchement.",
                ),
                impression=(
                    "Nodule stable de {size} mm.",
                    "Un dernier contrôle à faible dose dans douze mois est suggéré.",
                ),
                needs_prior=True,
            ),
            Script(
                indication="Douleur pleurétique. Embolie pulmonaire?",
                findings=(
                    "Aucun défaut de remplissage des artères pulmonaires jusqu’au niveau sous-segmentaire.",
                    "Atélectasies en bandes aux bases. Hernie hiatale de {mm} mm.",
                ),
                impression=("Pas d’embolie pulmonaire.",),
            ),
        ),
    ),
    "head-ct": Repertoire(
        technique="Coupes axiales de 2,5 mm, sans contraste.",
        scripts=(
            Script(
                indication="Chute de sa hauteur, patient anticoagulé.",
                findings=(
                    "Pas d’hémorragie intra ni extra-axiale. La différenciation gris-blanc est préservée.",
                    "Ventricules et sillons en rapport avec l’âge. Pas de fracture.",
                ),
                impression=("Aucune anomalie intracrânienne aiguë.",),
            ),
            Script(
                indication="Troubles de la mémoire.",
                findings=(
                    "Atrophie corticale modérée, à prédominance temporale du côté {side}.",
                    "Leucoaraïose périventriculaire légère. Pas de masse ni d’hydrocéphalie.",
                ),
                impression=("Atrophie modérée et maladie des petits vaisseaux.",),
            ),
        ),
    ),
    "abdomen-us": Repertoire(
        technique="Examen en temps réel, sonde convexe de 5 MHz, à jeun.",
        scripts=(
            Script(
                indication="Douleur à l’hypocondre droit après les repas.",
                findings=(
                    "Plusieurs lithiases vésiculaires mobiles, jusqu’à {size} mm. Paroi fine.",
                    "Le cholédoque mesure 4 mm. Pas de signe de Murphy échographique.",
                    "Foie et reins d’aspect normal.",
                ),
                impression=("Lithiases vésiculaires sans cholécystite.",),
            ),
            Script(
                indication="Dépistage d’un anévrisme de l’aorte abdominale.",
                findings=(
                    "L’aorte sous-rénale mesure {aorta} mm dans son plus grand diamètre.",
                    "Artères iliaques de calibre normal.",
                ),
                impression=("Aorte sous-rénale de {aorta} mm; contrôle dans un an.",),
            ),
        ),
    ),
    "spine-mr": Repertoire(
        technique="Séquences sagittales T1, T2 et STIR; axiales T2 de L1 à S1.",
        scripts=(
            Script(
                indication="Lombosciatalgie du côté {side} depuis trois mois.",
                findings=(
                    "L4-L5 : hernie extrudée du côté {side}, {mm} mm, au contact de la racine L5.",
                    "L5-S1 : bombement discal sans conflit radiculaire. Cône médullaire normal.",
                ),
                impression=("Hernie discale L4-L5 du côté {side} avec compression de la racine L5.",),
            ),
        ),
    ),
    "knee-xr": Repertoire(
        technique="Incidences debout de face, de profil et fémoro-patellaire.",
        scripts=(
            Script(
                indication="Gonalgie chronique du côté {side}.",
                findings=(
                    "Pincement de l’interligne interne à {mm} mm, ostéophytes et sclérose sous-chondrale.",
                    "Pas de corps étranger intra-articulaire.",
                ),
                impression=("Gonarthrose modérée, surtout interne.",),
            ),
            Script(
                indication="Traumatisme en torsion au hockey, du côté {side}.",
                findings=("Épanchement articulaire modéré. Pas de fracture ni de luxation.",),
                impression=("Épanchement sans fracture; IRM si l’instabilité persiste.",),
            ),
        ),
    ),
}

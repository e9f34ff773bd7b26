//! By which names a State goes, in English, French and Spanish.

use crate::campaign::State;

/// Names in common use beside those of `config/un/states.csv`. A name of several States stands with each of them.
///
/// Source: usage of the press and of the UN's own documents in the three languages; former names are those of the last fifty years.
const COMMON: &[(&str, &[&str])] = &[
    ("ARE", &["UAE", "Emirates", "Émirats", "Emiratos"]),
    ("BIH", &["Bosnia", "Bosnie"]),
    ("BLR", &["Biélorussie", "Bielorrusia"]),
    ("BFA", &["Burkina"]),
    ("BGD", &["Bangladés"]),
    ("BHR", &["Baréin"]),
    ("BRN", &["Brunei"]),
    ("BWA", &["Botsuana"]),
    ("CAF", &["Centrafrique"]),
    ("CIV", &["Ivory Coast", "Costa de Marfil"]),
    ("COD", &["DR Congo", "RD Congo", "Congo-Kinshasa", "DRC", "RDC"]),
    ("COG", &["Congo-Brazzaville"]),
    ("CPV", &["Cape Verde", "Cap-Vert"]),
    ("CHN", &["PRC"]),
    ("CZE", &["République tchèque", "República Checa"]),
    ("DJI", &["Yibuti"]),
    ("FJI", &["Fiyi"]),
    ("GBR", &["Great Britain", "Britain", "Northern Ireland", "UK", "U.K.", "England", "Scotland", "Wales"]),
    ("GBR", &["Angleterre", "Écosse", "Inglaterra", "Escocia"]),
    ("GBR", &["Grande-Bretagne", "Irlande du Nord", "Gran Bretaña", "Irlanda del Norte"]),
    ("GIN", &["Guinea-Conakry", "Guinée-Conakry"]),
    ("KEN", &["Kenia"]),
    ("KGZ", &["Kirghizstan", "Kirguizistán"]),
    ("KNA", &["Saint-Kitts-et-Nevis"]),
    ("KOR", &["South Korea", "Corée du Sud", "Corea del Sur", "Korea", "Corée", "Corea", "ROK"]),
    ("LAO", &["Laos", "Lao PDR"]),
    ("LSO", &["Lesoto"]),
    ("MDA", &["Moldova", "Moldavie", "Moldavia"]),
    // Both would else be taken for the United States.
    ("MEX", &["Estados Unidos Mexicanos", "États-Unis du Mexique"]),
    ("MKD", &["Macedonia", "Macédoine"]),
    ("MMR", &["Burma", "Birmanie", "Birmania"]),
    ("MWI", &["Malaui"]),
    ("NLD", &["Holland", "Hollande", "Holanda"]),
    ("PRK", &["North Korea", "Corée du Nord", "Corea del Norte", "Korea", "Corée", "Corea", "DPRK"]),
    ("PSE", &["Palestine", "Palestina"]),
    ("RUS", &["Russia", "Russie", "Rusia"]),
    ("RWA", &["Ruanda"]),
    ("SAU", &["Arabia Saudí"]),
    ("SLV", &["République d'El Salvador"]),
    ("STP", &["São Tomé", "Sao Tomé", "Santo Tomé"]),
    ("SUR", &["Surinam"]),
    ("SWZ", &["Swaziland", "Suazilandia", "Esuatini"]),
    ("SYR", &["Syria", "Syrie", "Siria"]),
    ("TLS", &["East Timor", "Timor oriental", "Timor"]),
    ("TTO", &["Trinidad", "Trinidad y Tobago", "Trinité-et-Tobago"]),
    ("TUR", &["Turkey", "Turquie", "Turquía"]),
    ("TZA", &["Tanzania", "Tanzanie"]),
    ("USA", &["USA", "US", "U.S.", "U.S.A.", "America", "Amérique", "EE. UU.", "EE.UU.", "EEUU"]),
    ("VAT", &["Vatican", "Vaticano"]),
    ("VNM", &["Vietnam"]),
    ("ZWE", &["Zimbabue"]),
    ("EUE", &["EU", "UE"]),
];

/// Names of States that people have, too: of the delegation's own people they are no finding.
pub(super) const OF_PEOPLE: &[&str] =
    &["chad", "dominique", "georgia", "india", "israel", "jordan", "kenya", "maurice", "mauricio", "salvador"];

/// Where the missions are, as letterheads write it.
pub(super) const SEAT: [&str; 3] = ["Geneva, Switzerland", "Genève, Suisse", "Ginebra, Suiza"];

/// All names of a State, short and official, in every language: a wrong fact may be in the wrong language, too.
pub(super) fn names(state: &State) -> Vec<String> {
    let own = [&state.name_en, &state.official_en, &state.name_fr, &state.name_es];
    let mut names: Vec<String> = own.into_iter().flat_map(|name| unfolded(name)).collect();
    let common = COMMON.iter().filter(|(code, _)| *code == state.code.as_str());
    names.extend(common.flat_map(|(_, names)| names.iter().map(|name| (*name).to_owned())));
    let saints: Vec<String> = names.iter().filter_map(|name| name.strip_prefix("Saint ")).map(str::to_owned).collect();
    names.extend(saints.iter().flat_map(|rest| [format!("St {rest}"), format!("St. {rest}")]));
    let joined: Vec<String> = names.iter().filter(|n| n.contains(" and ")).map(|n| n.replace(" and ", " & ")).collect();
    names.extend(joined);
    names
}

/// `Iran (Islamic Republic of)` is also `Iran` and `Islamic Republic of Iran`.
fn unfolded(name: &str) -> Vec<String> {
    let name = name.strip_prefix("The ").unwrap_or(name);
    let mut names = vec![name.to_owned()];
    if let Some((short, rest)) = name.split_once(" (")
        && let Some(form) = rest.strip_suffix(')')
    {
        let space = if form.ends_with('\'') { "" } else { " " };
        names.extend([short.to_owned(), format!("{form}{space}{short}")]);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_its_form_in_brackets_is_three_names() {
        assert_eq!(
            unfolded("Iran (République islamique d')"),
            ["Iran (République islamique d')", "Iran", "République islamique d'Iran"]
        );
        assert_eq!(unfolded("The State of Eritrea"), ["State of Eritrea"]);
    }
}

//! Providers at which anybody may have a mailbox.

/// An address there says nothing about a mission, however few missions use it. In order, for the search.
const FOR_EVERYBODY: [&str; 42] = [
    "126.com",
    "163.com",
    "aol.com",
    "bk.ru",
    "bluewin.ch",
    "free.fr",
    "gmail.com",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hispeed.ch",
    "hotmail.com",
    "hotmail.fr",
    "icloud.com",
    "laposte.net",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "orange.fr",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rocketmail.com",
    "sunrise.ch",
    "swissonline.ch",
    "vtxmail.ch",
    "wanadoo.fr",
    "web.de",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.es",
    "yahoo.fr",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
];

/// Whether anybody may have a mailbox at this domain (small letters).
pub fn is_for_everybody(domain: &str) -> bool {
    FOR_EVERYBODY.binary_search(&domain).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_is_found() {
        assert!(FOR_EVERYBODY.iter().all(|domain| is_for_everybody(domain)));
        assert!(!is_for_everybody("fra.mission.example"));
    }
}

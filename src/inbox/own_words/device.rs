//! `Sent from my iPhone` and its translations: what a telephone says below a mail.

/// In characters; the longest seen asks to excuse short answers and typing mistakes.
const LONGEST: usize = 130;

/// Whether the whole line is a device's own.
pub fn says(line: &str) -> bool {
    if line.is_empty() || line.len() > 4 * LONGEST || line.chars().count() > LONGEST {
        return false;
    }
    let frame: &[char] = &['<', '>', '(', ')', '[', ']', '{', '}', '*', '_', '-', '—', '–', ' ', '\t', '"', '~', '|'];
    let low = line.trim_matches(frame).to_lowercase().replace(['’', '‑'], "'");
    let words = low.split_whitespace().count();
    if SENT_FROM_MY.iter().any(|phrase| low.starts_with(phrase)) {
        return words <= 18;
    }
    if words > 12 {
        return false;
    }
    let device = DEVICES.iter().any(|device| low.contains(device));
    let begins =
        SENT.iter().any(|word| low.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphabetic)));
    let ends = SENT_AT_THE_END.iter().any(|word| low.trim_end_matches(['.', '。']).ends_with(word));
    // `Get Outlook for iOS`: whatever the verb.
    let advertises =
        low.contains("outlook") && ["ios", "android"].iter().any(|os| low.contains(os)) && !low.ends_with('.');
    (device && (begins || ends))
        || advertises
        || (words <= 5 && FROM_MY.iter().any(|phrase| low.contains(phrase)) && device)
}

/// Enough by themselves, whatever the device is called.
const SENT_FROM_MY: &[&str] = &[
    "sent from my ",
    "sent from an iphone",
    "sent from a phone",
    "sent from mobile",
    "sent on the go",
    "envoyé de mon ",
    "envoyé depuis mon ",
    "envoyé à partir de mon ",
    "envoyé par mon ",
    "enviado desde mi ",
    "enviado de mi ",
    "enviado do meu ",
    "enviado a partir do meu ",
    "enviado pelo meu ",
    "enviada do meu ",
    "gesendet von meinem ",
    "von meinem iphone",
    "von meinem ipad",
    "inviato da mio ",
    "inviato dal mio ",
    "inviata dal mio ",
    "verzonden vanaf mijn ",
    "verstuurd vanaf mijn ",
    "verzonden met mijn ",
    "verstuurd met mijn ",
    "отправлено с моего ",
    "отправлено с iphone",
    "отправлено с ipad",
    "надіслано з мого ",
    "wysłane z mojego ",
    "wysłano z mojego ",
    "sendt fra min ",
    "skickat från min ",
    "lähetetty ",
    "odesláno z mého ",
    "trimis de pe ",
    "发自我的",
    "發自我的",
    "从我的",
    "從我的",
    "來自我的",
    "来自我的",
    "أرسل من ",
    "أرسلت من ",
    "أُرسلت من ",
    "أُرسل من ",
    "مرسل من ",
    "تم الإرسال من ",
    "تم إرسالها من ",
    "نُشر من ",
    "ارسال شده از ",
    "נשלח מה",
    "στάλθηκε από το ",
    "poslano z mojega ",
    "odoslané z ",
    "küldve ",
    "enviat des del meu ",
    "gửi từ ",
    "dikirim dari ",
];

/// Words that begin such a line, when a device or a program follows.
const SENT: &[&str] = &[
    "sent from",
    "sent with",
    "sent via",
    "sent using",
    "sent by",
    "sent through",
    "envoyé",
    "envoyée",
    "message envoyé",
    "ce message a été envoyé",
    "expédié",
    "télécharger",
    "obtenez",
    "obtenir",
    "enviado",
    "enviada",
    "mensaje enviado",
    "obtener",
    "obtén",
    "consigue",
    "obter",
    "gesendet",
    "diese nachricht wurde",
    "diese e-mail wurde",
    "von meinem",
    "holen sie sich",
    "inviato",
    "inviata",
    "scarica",
    "ottieni",
    "verzonden",
    "verstuurd",
    "download",
    "отправлено",
    "письмо отправлено",
    "отправлена",
    "надіслано",
    "wysłane",
    "wysłano",
    "pobierz",
    "sendt",
    "skickat",
    "skickat från",
    "hämta",
    "odesláno",
    "odoslané",
    "trimis",
    "gönderen",
    "发自",
    "發自",
    "发送自",
    "發送自",
    "来自",
    "來自",
    "使用",
    "获取",
    "取得",
    "通过",
    "أرسلت",
    "أُرسلت",
    "أرسل",
    "مرسل",
    "الحصول على",
    "στάλθηκε",
    "נשלח",
    "get",
    "composed on",
    "written on",
    "typed on",
    "from my",
    "poslano",
    "poslato",
    "elküldve",
    "küldve",
    "via",
    "yahoo mail",
];

/// Words that end such a line.
const SENT_AT_THE_END: &[&str] = &[
    "gesendet",
    "versendet",
    "verschickt",
    "から送信",
    "から送信されました",
    "より送信",
    "에서 보냄",
    "에서 보낸 메일",
    "에서 나의",
    "gönderildi",
    "gönderilmiştir",
    "傳送",
    "发送",
    "發送",
    "寄出",
    "lähetetty",
    "küldve",
    "iphone",
];

const FROM_MY: &[&str] = &["from my ", "from mobile", "from phone", "sent by "];

const DEVICES: &[&str] = &[
    "iphone",
    "ipad",
    "ipod",
    "ios",
    "android",
    "blackberry",
    "samsung",
    "galaxy",
    "huawei",
    "honor",
    "xiaomi",
    "redmi",
    "oppo",
    "nokia",
    "windows",
    "htc",
    "sony",
    "xperia",
    "pixel",
    "motorola",
    "lenovo",
    "outlook",
    "yahoo",
    "proton",
    "gmail",
    "mail.ru",
    "mail для",
    "почт",
    "яндекс",
    "thunderbird",
    "k-9",
    "fairemail",
    "airmail",
    "spark",
    "sparrow",
    "gmx",
    "web.de",
    "aol",
    "mailbox",
    "bluemail",
    "spike",
    "tutanota",
    "tuta",
    "hey",
    "mobile mail",
    "mail app",
    "mail for",
    "mail pour",
    "mail para",
    "mail für",
    "mobile",
    "móvil",
    "movil",
    "mobil",
    "telefon",
    "téléphone",
    "teléfono",
    "telefone",
    "celular",
    "smartphone",
    "handy",
    "phone",
    "tablet",
    "ai-fon",
    "手机",
    "手機",
    "邮箱",
    "郵箱",
    "信箱",
    "邮件",
    "移动",
    "هاتف",
    "الهاتف",
    "جوال",
    "بريد",
    "телефон",
    "смартфон",
    "مobile",
    "アプリ",
    "携帯",
];

#[cfg(test)]
mod tests {
    use super::says;

    #[test]
    fn a_sentence_about_a_telephone_is_the_writers_own() {
        for own in [
            "The notification was sent from my iPhone app to all users.",
            "All messages are sent from the main server.",
            "Sent to the capital this morning.",
            "Sent by diplomatic courier on Monday.",
            "Please call my mobile.",
            "We received your letter from my predecessor.",
            "Via Roma 12",
            "Gesendet haben wir die Note am 3. März.",
        ] {
            assert!(!says(own), "{own}");
        }
    }
}

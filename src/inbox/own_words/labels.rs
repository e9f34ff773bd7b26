//! The labels of a mail's head, as programs write them in many languages. All in small letters.

/// A field of a mail's head that programs repeat above what they quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    From,
    Sent,
    To,
    Subject,
    Other,
}

/// `Label: value`, the label known; `*Label:* value` and `| Label | value |` too.
/// Gives the field, and where in the line its value begins.
pub fn field(line: &str) -> Option<(Field, usize)> {
    let text = line.trim_start_matches([' ', '\t', '*', '_', '|']);
    let (at, sign) = text.char_indices().take(40).find(|(_, c)| matches!(c, ':' | '：' | '|'))?;
    let label = text[..at].trim_end_matches([' ', '*', '_', '\t']).to_lowercase();
    let value = text[at + sign.len_utf8()..].trim_start_matches(['*', '_', ' ', '\t', '|']);
    let (field, _) = LABELS.iter().find(|(_, labels)| labels.contains(&label.as_str()))?;
    Some((*field, line.len() - value.len()))
}

const LABELS: &[(Field, &[&str])] = &[
    (
        Field::From,
        &[
            "from", "de", "von", "da", "van", "från", "fra", "lähettäjä", "od", "odesílatel", "odosielateľ", "feladó", "expéditeur",
            "remitente", "remetente", "absender", "mittente", "afzender", "nadawca", "avsändare", "от", "от кого", "отправитель",
            "від", "від кого", "发件人", "發件人", "寄件者", "寄件人", "发送人", "差出人", "送信者", "보낸 사람", "보낸사람", "발신", "من", "المرسل", "از", "מאת",
            "kimden", "gönderen", "từ", "người gửi", "dari", "de la", "expeditor", "από", "αποστολέας", "saatja", "šalje",
        ],
    ),
    (
        Field::Sent,
        &[
            "sent", "date", "sent at", "sent on", "date sent", "envoyé", "envoyé le", "date d'envoi", "envoye", "enviado", "enviado el", "enviada",
            "enviada em", "enviado em", "enviado a", "fecha", "fecha de envío", "data", "data de envio", "gesendet", "gesendet am", "datum", "inviato",
            "inviato il", "data invio", "verzonden", "verstuurd", "skickat", "datum", "sendt", "dato", "lähetetty", "päivämäärä", "päiväys",
            "wysłano", "wysłane", "data wysłania", "odesláno", "odoslané", "dátum", "elküldve", "küldve", "отправлено", "дата", "дата отправки",
            "надіслано", "发送时间", "发送日期", "發送時間", "日期", "时间", "時間", "寄件日期", "傳送時間", "傳送日期", "已傳送", "已发送", "日付", "日時", "送信日時",
            "보낸 날짜", "보낸날짜", "날짜", "발송", "تم الإرسال", "أرسلت", "تاريخ الإرسال", "التاريخ", "تاريخ", "ارسال", "נשלח", "תאריך", "tarih", "gönderildi",
            "gönderilme tarihi", "đã gửi", "ngày", "ngày gửi", "dikirim", "tanggal", "trimis", "data trimiterii", "στάλθηκε", "ημερομηνία", "saadetud", "poslano", "tid",
        ],
    ),
    (
        Field::To,
        &[
            "to", "à", "a", "pour", "para", "an", "aan", "till", "til", "vastaanottaja", "do", "komu", "címzett", "destinataire",
            "destinataires", "destinatario", "destinatário", "destinatari", "empfänger", "naar", "mottagare", "кому", "до", "получатель", "收件人", "收件者", "收信人", "宛先",
            "받는 사람", "받는사람", "수신", "إلى", "الى", "المستلم", "به", "אל", "kime", "alıcı", "đến", "tới", "kepada", "către", "catre", "προς", "saaja", "za",
        ],
    ),
    (
        Field::Subject,
        &[
            "subject", "objet", "sujet", "asunto", "assunto", "betreff", "oggetto", "onderwerp", "ämne", "emne", "aihe", "temat", "předmět",
            "predmet", "tárgy", "тема", "主题", "主題", "主旨", "标题", "件名", "제목", "الموضوع", "موضوع", "נושא", "konu", "chủ đề", "subjek", "perihal",
            "subiect", "θέμα", "teema",
        ],
    ),
    (
        Field::Other,
        &[
            "cc", "bcc", "cci", "copie", "copie à", "copia", "kopie", "kopia", "kopi", "kopio", "cópia", "c.c.", "копия", "抄送", "副本", "密件抄送", "参照", "참조",
            "نسخة", "نسخة إلى", "عناية", "עותק", "reply-to", "répondre à", "responder a", "antwort an", "risposta", "rispondi a", "ответить", "importance", "importancia", "wichtigkeit", "priority",
            "attachments", "pièces jointes", "adjuntos", "anlagen", "anhänge", "resent-from", "message-id", "organization", "when", "where", "重要性", "附件",
        ],
    ),
];

//! Words by which mail programs introduce what they quote. All in small letters.

/// What a line about another's mail ends with, before its colon.
pub const WROTE: &[&str] = &[
    // en, fr, es, pt, it, ca, ro
    "wrote", "writes", "a écrit", "a ecrit", "écrivait", "écrit", "escribió", "escribio", "ha escrito", "escribía",
    "escreveu", "escrito", "ha scritto", "scrisse", "scrive", "va escriure", "a scris",
    // de, nl, da, no, sv, fi, et
    "schrieb", "schrieb folgendes", "geschrieben", "schreef", "geschreven", "skrev", "skrev følgende", "skrev följande",
    "kirjoitti", "kirjutas",
    // ru, uk, bg, sr
    "пишет", "написал", "написала", "написал(а)", "написал (а)", "написав", "написала(в)", "пише", "писал", "писал(а)",
    "написа", "написао", "написао/ла",
    // pl, cs, sk, sl, hr, lt, lv, hu, el, tr
    "napisał", "napisała", "napisał(a)", "napisał/a", "pisze", "napsal", "napsala", "napsal(a)", "napsal/a", "napísal",
    "napísal(a)", "napísala", "napisal", "napisal/a", "napisao", "napisao/la", "rašė", "rakstīja", "írta", "έγραψε",
    "yazdı", "şunu yazdı", "şunları yazdı",
    // zh, ja, ko, vi, id
    "写道", "寫道", "写到", "寫到", "写了", "のメール", "書きました", "さんは書きました", "작성", "썼습니다", "viết", "menulis",
    // ar, fa, he
    "كتب", "كتبت", "كتب/كتبت", "كتب ما يلي", "كتبت ما يلي", "نوشت", "نوشته", "כתב", "כתבה", "כתב/ה", "כתב(ה)",
];

/// What may stand in the middle of such a line, the name or the date behind it.
pub const WROTE_INSIDE: &[&str] = &[
    "schrieb", "schreef", "skrev", "kirjoitti", "kirjutas", "كتب", "كتبت", "تمت كتابة", "قام", "ezt írta", "írta",
    "napsal", "napsal(a)", "написал", "написал(а)", "написала", "quoting", "zitat von", "citando a", "citation de",
    "en réponse à",
];

/// What such a line begins with, when it begins with neither a date nor a name.
pub const OPENERS: &[&str] = &[
    "on ", "at ", "le ", "el ", "em ", "no dia ", "na ", "a ", "am ", "op ", "den ", "d. ", "il ", "in data ", "alle ",
    "w dniu ", "dnia ", "dne ", "dňa ", "pada ", "vào ", "στις ", "la data de ", "pe data de ", "în ", "în data ", "на ", "в ",
    "во ", "от ", "дана ", "於", "于", "在", "في ", "بتاريخ ", "يوم ", "در ", "בתאריך ", "ב-", "ביום ", "quoting ",
    "zitat von ", "citando a ", "citation de ", "en réponse à ",
];

/// Beginnings of weekdays, three letters or more.
pub const WEEKDAYS: &[&str] = &[
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", "lun", "mar", "mer", "jeu", "ven", "sam", "dim", "mié", "mie", "jue",
    "vie", "sáb", "sab", "dom", "seg", "ter", "qua", "qui", "sex", "mon", "die", "mit", "don", "fre", "son", "maa", "din",
    "woe", "vri", "zat", "zon", "gio", "pon", "śro", "czw", "pią", "sob", "nie", "man", "tir", "ons", "tor", "lør", "søn",
    "mån", "tis", "lör", "sön", "joi", "vin", "sâm", "dum", "поне", "втор", "сред", "четв", "пятн", "субб", "воск", "вівт",
    "сере", "пʼят", "неді", "الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد",
];

/// Weekdays of one or two letters, with or without a full stop.
pub const SHORT_WEEKDAYS: &[&str] = &[
    "mo", "di", "mi", "do", "fr", "sa", "so", "ma", "wo", "vr", "za", "zo", "ti", "ke", "to", "pe", "la", "su", "po", "út",
    "st", "čt", "pá", "ne", "wt", "śr", "pt", "пн", "вт", "ср", "чт", "пт", "сб", "вс", "нд",
];

/// What stands between dashes above a mail that is quoted or sent on as a whole.
pub const ORIGINAL_MESSAGE: &[&str] = &[
    "original message", "original appointment", "forwarded message", "forwarded by", "forwarded mail", "reply message",
    "replied message", "original mail", "message d'origine", "message original", "message initial", "message transféré",
    "courriel d'origine", "courriel original", "e-mail d'origine", "mail original", "mail transféré", "mensaje original",
    "mensaje reenviado", "mensaje de origen", "correo original", "mensagem original", "mensagem encaminhada",
    "mensagem reencaminhada", "ursprüngliche nachricht", "original-nachricht", "originalnachricht", "ursprüngliche mail",
    "weitergeleitete nachricht", "ursprünglicher termin", "messaggio originale", "messaggio inoltrato", "messaggio originario",
    "oorspronkelijk bericht", "origineel bericht", "doorgestuurd bericht", "исходное сообщение", "исходное письмо",
    "пересланное сообщение", "пересылаемое сообщение", "пересланное письмо", "оригинальное сообщение",
    "начало пересылаемого сообщения", "wiadomość oryginalna", "oryginalna wiadomość", "wiadomość przekazana",
    "przekazana wiadomość", "treść przekazanej wiadomości", "oprindelig besked", "oprindelig meddelelse",
    "original meddelelse", "videresendt besked", "videresendt meddelelse", "ursprungligt meddelande", "originalmeddelande",
    "vidarebefordrat meddelande", "vidarebefordrat mail", "opprinnelig melding", "videresendt melding",
    "alkuperäinen viesti", "välitetty viesti", "původní zpráva", "přeposlaná zpráva", "pôvodná správa", "eredeti üzenet",
    "továbbított üzenet", "mesaj original", "mesaj redirecționat", "mesajul original", "αρχικό μήνυμα",
    "προωθημένο μήνυμα", "orijinal ileti", "orijinal mesaj", "özgün ileti", "iletilen ileti", "原始邮件", "原始郵件",
    "原邮件", "转发邮件", "转发的邮件", "转发邮件信息", "轉寄郵件", "轉寄的郵件", "轉寄信件", "回复的原邮件", "转发的原邮件", "邮件原件", "原始信件",
    "元のメッセージ", "オリジナルメッセージ", "転送メッセージ", "転送されたメッセージ", "원본 메일", "원본 메시지", "원본메일",
    "전달된 메시지", "전달된 메일", "الرسالة الأصلية", "رسالة أصلية", "رسالة معاد توجيهها", "الرسالة المعاد توجيهها",
    "رسالة موجهة", "پیام اصلی", "پیام ارسالی", "הודעה מקורית", "הודעה שהועברה", "thư gốc", "tin nhắn gốc", "pesan asli",
    "izvorna poruka", "originalna poruka", "izvirno sporočilo", "вихідне повідомлення", "переслане повідомлення",
    "първоначално съобщение", "missatge original", "missatge reenviat",
];

/// What Apple's programs say, without dashes, above a mail that is sent on.
pub const FORWARD_BEGINS: &[&str] = &[
    "begin forwarded message", "début du message réexpédié", "début du message transféré", "inicio del mensaje reenviado",
    "início da mensagem reencaminhada", "início da mensagem encaminhada", "anfang der weitergeleiteten nachricht",
    "inizio messaggio inoltrato", "begin doorgestuurd bericht", "начало переадресованного сообщения",
    "начало пересылаемого сообщения", "początek przekazywanej wiadomości", "start på videresendt besked",
    "vidarebefordrat brev", "videresendt melding", "välitetty viesti alkaa", "以下是转发的邮件", "下面是被转发的邮件", "开始转发的邮件",
    "以下是轉寄的郵件", "開始轉寄郵件", "転送されたメッセージ", "بداية الرسالة المعاد توجيهها", "بدء الرسالة المعاد توجيهها", "다음 메시지를 전달함",
    "přeposlaná zpráva", "továbbított üzenet kezdete", "iletilmiş mesaj başlangıcı",
];

//! Automatic replies in the eight languages in which missions write, under the headers that their servers add; and what people write
//! that looks alike.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use demarche::adapters::mail;
use demarche::inbox::{MailKind, Reading, understand};

struct Notice {
    language: &'static str,
    /// What servers of that language put in front of our subject.
    automatic: &'static str,
    /// What people put as the subject of their own notice.
    absence: &'static str,
    texts: [&'static str; 3],
    back_on: Option<&'static str>,
}

const OURS: &str = "Joint letter ahead of the 37th session of the Human Rights Council";

/// All are sent on 20 February 2018.
const NOTICES: [Notice; 8] = [
    Notice {
        language: "en",
        automatic: "Automatic reply: ",
        absence: "Out of office",
        texts: [
            "Thank you for your message. I am out of the office until 5 March 2018 with limited access to e-mail. In urgent cases please contact mission@gbr.example.\n\nJ. Smith",
            "I am currently on annual leave and will be back in the office on Monday, 5 March. For urgent matters please write to deputy@gbr.example.",
            "I'm away from 19 February to 4 March. I will read your message upon my return.",
        ],
        back_on: Some("2018-03-05"),
    },
    Notice {
        language: "fr",
        automatic: "Réponse automatique : ",
        absence: "Absence du bureau",
        texts: [
            "Bonjour,\n\nJe suis absente du bureau jusqu’au 4 mars inclus. En cas d’urgence, veuillez contacter mission@fra.example.\n\nCordialement",
            "Je suis actuellement en mission et serai de retour le lundi 5 mars. Pour toute urgence : adjoint@fra.example.",
            "Je suis en congé. Je serai de retour au bureau le 05/03/2018 et répondrai à votre message dès mon retour.",
        ],
        back_on: Some("2018-03-05"),
    },
    Notice {
        language: "es",
        automatic: "Respuesta automática: ",
        absence: "Fuera de la oficina",
        texts: [
            "Gracias por su mensaje. Estoy fuera de la oficina hasta el 5 de marzo de 2018. En caso de urgencia, pueden contactar con mision@esp.example.",
            "Me encuentro de viaje y regreso el 5 de marzo. Durante mi ausencia pueden contactar con la misión.",
            "Estoy de vacaciones. Estaré de vuelta el lunes 5 de marzo. Para asuntos de urgencia: mision@esp.example",
        ],
        back_on: Some("2018-03-05"),
    },
    Notice {
        language: "ar",
        automatic: "رد تلقائي: ",
        absence: "خارج المكتب",
        texts: [
            "شكراً لرسالتكم. أنا خارج المكتب حتى 5 مارس 2018. للحالات العاجلة يرجى التواصل مع mission@egy.example",
            "أنا في إجازة وسأعود يوم 5 مارس. في الحالات العاجلة يرجى الاتصال بالبعثة.",
            "أنا حالياً خارج المكتب. سأعود في ٥ مارس ٢٠١٨ وسأرد عند عودتي.",
        ],
        back_on: Some("2018-03-05"),
    },
    Notice {
        language: "ru",
        automatic: "Автоматический ответ: ",
        absence: "Вне офиса",
        texts: [
            "Здравствуйте! Меня нет в офисе до 5 марта. По срочным вопросам обращайтесь по адресу mission@rus.example.",
            "Я нахожусь в отпуске, вернусь 5 марта 2018 года. В моё отсутствие обращайтесь к коллегам.",
            "Я в командировке. Буду на работе 05.03.2018. Отвечу на Ваше письмо после возвращения.",
        ],
        back_on: Some("2018-03-05"),
    },
    Notice {
        language: "zh",
        automatic: "自动回复: ",
        absence: "不在办公室",
        texts: [
            "您好，我目前不在办公室，将于3月5日返回。如有急事，请联系 mission@chn.example。",
            "我正在休假，2018年3月5日回到办公室。紧急事宜请联系代表团秘书处。",
            "您好！我出差在外，3月5日回来后会尽快回复您的邮件。",
        ],
        back_on: Some("2018-03-05"),
    },
    Notice {
        language: "pt",
        automatic: "Resposta automática: ",
        absence: "Fora do escritório",
        texts: [
            "Agradeço a sua mensagem. Estou fora do escritório até 5 de março de 2018. Em caso de urgência, contacte missao@prt.example.",
            "Encontro-me de férias e regresso no dia 5 de março. Assuntos urgentes: missao@prt.example.",
            "Estou ausente em missão. Voltarei na segunda-feira, 5 de março, e responderei então.",
        ],
        back_on: Some("2018-03-05"),
    },
    Notice {
        language: "de",
        automatic: "Automatische Antwort: ",
        absence: "Abwesenheit",
        texts: [
            "Guten Tag,\n\nich bin bis zum 5. März 2018 nicht im Büro. In dringenden Fällen wenden Sie sich bitte an vertretung@deu.example.",
            "Vielen Dank für Ihre Nachricht. Ich bin im Urlaub und ab dem 5. März wieder erreichbar. Meine Vertretung ist Frau Muster.",
            "Ich befinde mich auf Dienstreise und bin am 05.03.2018 zurück. Ihre Mail wird nicht weitergeleitet.",
        ],
        back_on: Some("2018-03-05"),
    },
];

/// Fields that servers add to automatic replies.
const PROFILES: [(&str, &str); 8] = [
    ("none", ""),
    ("RFC 3834", "Auto-Submitted: auto-replied\n"),
    (
        "Exchange",
        "Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\nx-ms-exchange-generated-message-source: Mailbox Rules Agent\n",
    ),
    ("Exchange, its own field only", "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply\n"),
    ("vacation", "Precedence: junk\nReturn-Path: <>\n"),
    ("auto_reply", "Precedence: auto_reply\n"),
    ("X-Autoreply", "X-Autoreply: yes\nX-Autorespond: Joint letter\n"),
    ("null sender", "Return-Path: <>\n"),
];

/// What people write. None of it is a machine's.
const PEOPLE: [(&str, &str); 26] = [
    (
        "Re: Joint letter",
        "Dear colleagues,\n\nI was out of office last week, sorry for the late reply. We will support the statement.\n",
    ),
    (
        "Re: Joint letter",
        "Automatic reply is what I got from your colleague, so I write to you. Could we meet on Monday?\n",
    ),
    (
        "Automatic reply is all I got",
        "I wrote to your colleague and an automatic reply is all I got. Who deals with the joint letter?\n",
    ),
    ("Re: Automatic reply: Joint letter", "Thank you, then let us speak when the Ambassador is back.\n"),
    ("RE: Out of office", "Noted. We shall write again after 5 March.\n"),
    ("Fwd: Automatic reply: Joint letter", "See below, she is away.\n"),
    ("AW: Abwesenheitsnotiz", "Danke, wir melden uns wieder.\n"),
    (
        "Re: Joint letter",
        "Thank you. We take note of your letter.\n\nOn Mon, 19 Feb 2018, A. Person wrote:\n> I am out of the office until 5 March.\n> This is an automatic reply.\n",
    ),
    (
        "Re: Joint letter",
        "We have received your letter and transmitted it to the capital.\n\n-----Original Message-----\nFrom: A\nSubject: Automatic reply: x\n\nI am out of office until 5 March. In urgent cases please contact b@x.example.\n",
    ),
    ("Re: Joint letter", "I am out of the office this week, but I can meet you on Friday to speak of your letter.\n"),
    (
        "Out of office next week, shall we meet before?",
        "Dear all, could we meet on Thursday about the joint statement?\n",
    ),
    (
        "Re: Joint letter",
        "Our Ambassador is away; her deputy, Mr B, will receive you. Please contact his assistant for a time.\n",
    ),
    ("Re: Joint letter", "The Permanent Mission acknowledges receipt of the letter dated 5 February 2018.\n"),
    ("Joint letter", "Please contact our legal adviser in urgent cases. We support items 2 and 4.\n"),
    (
        "Re: Lettre conjointe",
        "J’étais absente la semaine dernière, veuillez m’excuser. Notre délégation soutient la déclaration.\n",
    ),
    ("TR : Réponse automatique : Lettre", "Voir ci-dessous.\n"),
    ("Absence de réponse", "Nous n’avons pas reçu votre lettre conjointe. Pourriez-vous la renvoyer ?\n"),
    ("RE: Carta conjunta", "Estuve fuera de la oficina la semana pasada. Nuestra posición es favorable.\n"),
    ("رد: رسالة مشتركة", "كنت خارج البلاد الأسبوع الماضي. نشكركم على رسالتكم وندعم البيان.\n"),
    ("Ответ: Совместное письмо", "На прошлой неделе я был в отпуске. Наша позиция остаётся прежней.\n"),
    ("答复: 联名信", "上周我不在日内瓦，抱歉迟复。我们的立场没有变化。\n"),
    ("RES: Carta conjunta", "Estive fora na semana passada. Recebemos a sua carta e apoiamos a declaração.\n"),
    (
        "Antw: Gemeinsamer Brief",
        "Ich war letzte Woche im Urlaub. Ihr Schreiben haben wir erhalten und unterstützen es.\n",
    ),
    ("Re: Joint letter", "Dear friends, thank you. Until Friday I cannot say more; please contact me then.\n"),
    (
        "On leave of absence for our intern",
        "Our intern who wrote to you about the joint letter has left. I take over.\n",
    ),
    ("Re: Joint letter", "We will be back in touch before 5 March.\n"),
];

/// Fields that stand on people's mail too.
const GATEWAYS: [(&str, &str); 5] = [
    ("none", ""),
    ("Exchange", "X-Auto-Response-Suppress: DR, OOF, AutoReply\nx-ms-exchange-senderadcheck: 1\n"),
    ("a gateway", "Precedence: bulk\n"),
    ("both", "Precedence: bulk\nX-Auto-Response-Suppress: All\nAuto-Submitted: no\n"),
    ("a list's gateway", "Precedence: list\nList-Id: <missions.mission.example>\nX-Loop: missions@mission.example\n"),
];

fn reading(subject: &str, fields: &str, text: &str) -> Reading {
    let raw = format!(
        "{fields}From: A Person <person@mission.example>\nTo: outreach@coalition.example\nSubject: {subject}\nDate: Tue, 20 Feb 2018 10:00:00 +0100\n\
         Message-ID: <r@mission.example>\nIn-Reply-To: <letter@coalition.example>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\
         Content-Transfer-Encoding: 8bit\n\n{text}"
    );
    understand(&mail::parse(raw.as_bytes()))
}

#[test]
fn automatic_replies_of_eight_languages_are_taken_for_what_they_are() {
    let (mut taken, mut all, mut missed) = (0_u32, 0_u32, Vec::new());
    for notice in &NOTICES {
        for (profile, fields) in PROFILES {
            for text in notice.texts {
                for subject in [
                    format!("{}{OURS}", notice.automatic),
                    notice.absence.to_owned(),
                    format!("{}: {OURS}", notice.absence),
                    format!("Re: {OURS}"),
                ] {
                    all += 1;
                    let read = reading(&subject, fields, text);
                    if read.kind == MailKind::AutoReply {
                        taken += 1;
                    } else {
                        missed.push(format!(
                            "{} / {profile} / {subject} / {} : {:?}",
                            notice.language, read.kind, read.reasons
                        ));
                    }
                }
            }
        }
    }
    assert!(taken * 100 >= all * 97, "{taken} of {all}\n{}", missed.join("\n"));
    assert_eq!(all, 768);
}

#[test]
fn what_people_write_is_never_taken_for_a_machine_s() {
    let mut wrong = Vec::new();
    for (subject, text) in PEOPLE {
        for (gateway, fields) in GATEWAYS {
            let read = reading(subject, fields, text);
            if read.kind != MailKind::Reply {
                wrong.push(format!("{gateway} / {subject} / {text:?}: {} {:?}", read.kind, read.reasons));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_day_of_return_is_suggested_in_eight_languages() {
    let mut wrong = Vec::new();
    for notice in &NOTICES {
        for text in notice.texts {
            let read = reading(&format!("{}{OURS}", notice.automatic), "", text);
            let day = read.back_on.map(|day| day.to_string());
            if day.as_deref() != notice.back_on {
                wrong.push(format!("{}: {day:?} of {text}", notice.language));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_subject_is_read_in_whatever_way_it_is_encoded() {
    for subject in [
        "=?utf-8?B?6Ieq5Yqo5Zue5aSNOiDogZTlkI3kv6E=?=",
        "=?iso-8859-1?Q?R=E9ponse_automatique_:_Lettre?=",
        "=?gb2312?B?19S2r7vYuLQ6?= x",
    ] {
        assert_eq!(reading(subject, "", "…").kind, MailKind::AutoReply, "{subject}");
    }
}

#[test]
fn a_read_receipt_a_delivery_note_and_a_challenge_are_receipts() {
    let mdn = "From: head@fra.example\nSubject: Read: Joint letter\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n\
        --b\n\nYour message was displayed.\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;head@fra.example\n\
        Original-Message-ID: <letter@coalition.example>\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n";
    let read = understand(&mail::parse(mdn.as_bytes()));
    assert_eq!((read.kind, read.originals), (MailKind::Receipt, vec!["letter@coalition.example".to_owned()]));
    for (subject, text) in [
        (
            "Read: Joint letter",
            "Your message\n\n   To: A Person\n   Subject: Joint letter\n\nwas read on Tuesday, 20 February 2018.\n",
        ),
        ("Lu : Lettre conjointe", "Votre message a été lu le mardi 20 février 2018.\n"),
        ("Gelesen: Brief", "Ihre Nachricht wurde am Dienstag gelesen.\n"),
        (
            "Please confirm",
            "Before your message is delivered, please confirm that you are human: https://filter.example/c/1\n",
        ),
    ] {
        let read = reading(subject, "", text);
        assert_eq!(read.kind, MailKind::Receipt, "{subject}: {:?}", read.reasons);
    }
    let challenge = reading("Please confirm", "", "To prove you are human, click http://filter.example/1\n");
    assert!(challenge.reasons[0].contains("challenge"));
    assert_eq!(
        reading(
            "Read: our report",
            "",
            "Dear all, please find our report attached. Our Ambassador reads your letter.\n"
        )
        .kind,
        MailKind::Reply
    );
}

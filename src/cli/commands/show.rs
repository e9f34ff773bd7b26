//! `demarche show`

use serde_json::json;

use crate::adapters::store::ApprovalMail;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::ShowArgs;
use crate::cli::commands::dispatches;
use crate::cli::context::{Context, dispatch_id};
use crate::cli::output::{self, cell};
use crate::outbox::Event;
use crate::outbox::approval::{Approval, Given, organisations};
use crate::vocabulary::{Digest, DispatchId, Zone, hint};

pub async fn run(context: &Context, args: &ShowArgs) -> Result<Answer, CliError> {
    let id = dispatch_id(&args.dispatch)?;
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    let none = || CliError::request(format!("there is no dispatch {id}"), "`demarche dispatches` lists them");
    let dispatch = store.dispatch(&id).await?.ok_or_else(none)?;
    if args.eml {
        let message = store.message(dispatch.digest).await?.ok_or_else(|| {
            CliError::world(
                format!("the bytes of {id} are missing from the database"),
                "restore a backup; nothing of it can be sent",
            )
        })?;
        return Ok(Answer::raw(message));
    }
    if let Some(name) = &args.evidence {
        return evidence(&store.approval_mails(dispatch.key).await?, name.as_deref(), &id);
    }
    let zone = store.plan(&id.campaign).await?.map_or(Zone::GENEVA, |plan| plan.zone);
    let history = store.history(dispatch.key).await?;
    let attempts = store.attempts(&[dispatch.key]).await?;
    let given: Vec<Given> = store.approvals_given(&[dispatch.key]).await?.remove(&dispatch.key).unwrap_or_default();
    let approvals: Vec<Approval> = given.iter().map(|g| g.approval.clone()).collect();
    let mails = if given.iter().any(|g| g.by_mail) { store.approval_mails(dispatch.key).await? } else { Vec::new() };
    let seal = dispatch.seal.to_string();
    let in_force = organisations(&approvals, &seal);
    let list = |addresses: &[crate::vocabulary::Address]| {
        addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let mut text = format!("{id}: {}\n", output::coloured(dispatch.status));
    if let Some(reason) = &dispatch.reason {
        text.push_str(&format!("  why        {}\n", cell(reason)));
    }
    if let Some((event, by, reason)) = dispatch.wish.on_return() {
        let what = match event {
            Event::Cancel => "it is cancelled",
            Event::Hold => "it is held",
            _ => "it must be approved again",
        };
        text.push_str(&format!("  if it comes back {what}, by {}: {}\n", cell(by), cell(reason)));
    }
    text.push_str(&format!("  subject    {}\n", cell(&dispatch.subject)));
    text.push_str(&format!("  to         {}\n", list(&dispatch.recipients.to)));
    if !dispatch.recipients.cc.is_empty() {
        text.push_str(&format!("  cc         {}\n", list(&dispatch.recipients.cc)));
    }
    text.push_str(&format!("  due        {}\n", zone.show(dispatch.due)));
    if dispatch.status == crate::outbox::Status::Deferred {
        text.push_str(&format!("  next try   {}\n", zone.show(dispatch.next_at)));
    }
    text.push_str(&format!("  message id {}\n", dispatch.message_id));
    text.push_str(&format!("  digest     {}\n", dispatch.digest));
    let approved = if in_force.is_empty() {
        "by nobody".to_owned()
    } else {
        in_force.iter().copied().collect::<Vec<_>>().join(", ")
    };
    text.push_str(&format!("  approved   {}\n", cell(&approved)));
    if !given.is_empty() {
        text.push_str("\nApprovals:\n");
        given.iter().for_each(|g| text.push_str(&approval(g, &seal, &mails, zone)));
    }
    text.push_str("\nHow the date came about:\n");
    for why in &dispatch.why {
        text.push_str(&format!("  {}\n", cell(why)));
    }
    if !attempts.is_empty() {
        text.push_str("\nAttempts:\n");
        for attempt in &attempts {
            let outcome = attempt.detail.as_deref().unwrap_or("in hand");
            text.push_str(&format!("  {}  {}  {}\n", zone.show(attempt.at), attempt.via, cell(outcome)));
            for r in &attempt.recipients {
                let words = match (r.code, &r.text) {
                    (Some(code), Some(text)) => format!("{code} {text}"),
                    _ if attempt.via == "files" => "in the file".to_owned(),
                    _ => "not asked".to_owned(),
                };
                text.push_str(&format!("      {}  {}\n", cell(&r.address), cell(&words)));
            }
            if let Some(evidence) = &attempt.late_evidence {
                text.push_str(&format!("      later evidence: {}\n", cell(evidence)));
            }
        }
    }
    text.push_str("\nHistory:\n");
    for line in &history {
        let moved = match &line.before {
            Some(before) if *before != line.after => format!("{before} → {}", line.after),
            _ => line.after.clone(),
        };
        let reason = line.reason.as_deref().map(|r| format!("  {}", cell(r))).unwrap_or_default();
        text.push_str(&format!(
            "  {}  {:<12} {moved}  by {}{reason}\n",
            zone.show(line.at),
            line.event,
            cell(&line.by)
        ));
    }
    let mut value = dispatches::value(&dispatch, &attempts);
    value["subject"] = json!(dispatch.subject);
    value["to"] = json!(dispatch.recipients.to);
    value["cc"] = json!(dispatch.recipients.cc);
    value["why"] = json!(dispatch.why);
    value["approvals"] = given
        .iter()
        .map(|g| {
            json!({
                "approver": g.approval.approver, "organisation": g.approval.organisation, "at": g.at, "by": g.by,
                "revoked": g.approval.revoked, "revoked_at": g.revoked_at,
                "in_force": !g.approval.revoked && g.approval.seal == seal, "digest": g.digest,
                "evidence": mail_of(g, &mails),
            })
        })
        .collect();
    value["history"] = json!(
        history
            .iter()
            .map(|h| json!({ "at": h.at, "event": h.event, "before": h.before, "after": h.after, "by": h.by, "reason": h.reason }))
            .collect::<Vec<_>>()
    );
    Ok(Answer::new(text, &value))
}

/// `Anna Person (First Organisation), 2026-01-14 09:30 CET, entered by officer, by mail sha256:…: in force`
fn approval(given: &Given, seal: &str, mails: &[ApprovalMail], zone: Zone) -> String {
    let standing = match given.revoked_at {
        Some(at) => format!("taken back {}", zone.show(at)),
        None if given.approval.seal == seal => "in force".to_owned(),
        None => "void: the letter has changed since".to_owned(),
    };
    let mail = mail_of(given, mails).map(|digest| format!(", by mail {digest}")).unwrap_or_default();
    format!(
        "  {}  {} ({}), entered by {}{mail}: {standing}\n",
        zone.show(given.at),
        cell(&given.approval.approver),
        cell(&given.approval.organisation),
        cell(&given.by),
    )
}

/// The digest of the mail in which this approval was given.
fn mail_of(given: &Given, mails: &[ApprovalMail]) -> Option<Digest> {
    let own = |mail: &&ApprovalMail| mail.approver == given.approval.approver && mail.seal == given.approval.seal;
    mails.iter().find(own).map(|mail| Digest::of(&mail.message))
}

/// The mail itself, for whoever wants to see who said yes to what.
fn evidence(mails: &[ApprovalMail], name: Option<&str>, id: &DispatchId) -> Result<Answer, CliError> {
    let wanted = |mail: &&ApprovalMail| name.is_none_or(|name| name == mail.approver);
    if let Some(mail) = mails.iter().rev().find(wanted) {
        return Ok(Answer::raw(mail.message.clone()));
    }
    let names = || mails.iter().map(|mail| mail.approver.as_str());
    let help = match name.and_then(|name| hint::nearest(name, names())) {
        Some(near) => format!("did you mean \"{}\"?", cell(near)),
        None if mails.is_empty() => {
            "`demarche show` lists its approvals; a mail is kept by `approve --manifest --evidence`".to_owned()
        }
        None => format!("by mail approved {}", cell(&names().collect::<Vec<_>>().join(", "))),
    };
    let of = name.map(|name| format!(" by {}", cell(name))).unwrap_or_default();
    Err(CliError::request(format!("{id} has no approval by mail{of}"), help))
}

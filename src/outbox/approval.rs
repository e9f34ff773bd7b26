//! What an approval covers, and when there are enough.

use std::collections::BTreeSet;

use crate::vocabulary::{Digest, Instant};

use super::recipients::Recipients;

/// The digest of all that an approval covers: the message's bytes, sender, recipients and due time.
///
/// Approvals are stored with the seal that they were given for. They hold while the dispatch has that seal, so a change voids
/// them without anybody having to remember it.
pub fn seal(message: Digest, sender: &str, recipients: &Recipients, due: Instant) -> Digest {
    let due = due.millis().to_be_bytes();
    let mut parts: Vec<Vec<u8>> = vec![message.bytes().to_vec(), due.to_vec(), sender.as_bytes().to_vec()];
    for (mark, addresses) in [("to", &recipients.to), ("cc", &recipients.cc)] {
        parts.push(mark.as_bytes().to_vec());
        parts.extend(addresses.iter().map(|a| a.to_string().into_bytes()));
    }
    Digest::of_parts(parts.iter().map(Vec::as_slice))
}

/// One approver's yes to one dispatch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    pub seal: String,
    pub approver: String,
    pub organisation: String,
    pub revoked: bool,
}

/// An approval with its circumstances: what was approved, when, and how we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub approval: Approval,
    /// Of the bytes that were approved; they are kept as long as an approval names them.
    pub digest: Digest,
    /// The due time that was approved; `None` where only the seal knows it.
    pub due: Option<Instant>,
    pub at: Instant,
    /// Who entered it.
    pub by: String,
    /// It was given by mail, and the mail is kept.
    pub by_mail: bool,
    pub revoked_at: Option<Instant>,
}

/// The approval that a letter is compared with: the last that was given, taken back since or not; by `who`, where that approver
/// has given one.
pub fn last_given<'a>(given: &'a [Given], who: Option<&str>) -> Option<&'a Given> {
    let last = |of: &dyn Fn(&&Given) -> bool| given.iter().filter(of).max_by_key(|g| g.at);
    who.and_then(|who| last(&|g| g.approval.approver == who)).or_else(|| last(&|_| true))
}

/// The organisations whose approval holds for `seal`.
pub fn organisations<'a>(approvals: &'a [Approval], seal: &str) -> BTreeSet<&'a str> {
    approvals.iter().filter(|a| !a.revoked && a.seal == seal).map(|a| a.organisation.as_str()).collect()
}

/// Whether approvers of at least `wanted` different organisations have approved what `seal` covers.
pub fn holds(approvals: &[Approval], seal: &str, wanted: usize) -> bool {
    organisations(approvals, seal).len() >= wanted.max(1)
}

/// The digest over a list of dispatches and their seals, in order: what a colleague who approves by mail quotes.
pub fn manifest<'a>(rows: impl IntoIterator<Item = (&'a str, &'a str)>) -> Digest {
    let lines: Vec<String> = rows.into_iter().map(|(id, seal)| format!("{id} {seal}")).collect();
    Digest::of_parts(lines.iter().map(String::as_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yes(approver: &str, organisation: &str, seal: &str) -> Approval {
        Approval { seal: seal.into(), approver: approver.into(), organisation: organisation.into(), revoked: false }
    }

    #[test]
    fn two_approvers_of_one_organisation_count_once() {
        let approvals = [yes("A", "PEN America", "s"), yes("B", "PEN America", "s")];
        assert!(holds(&approvals, "s", 1));
        assert!(!holds(&approvals, "s", 2));
    }

    #[test]
    fn an_approval_of_other_bytes_or_one_taken_back_does_not_count() {
        let mut approvals = [yes("A", "X", "old"), yes("B", "Y", "new")];
        assert!(!holds(&approvals, "new", 2));
        approvals[1].revoked = true;
        assert!(!holds(&approvals, "new", 1));
    }

    #[test]
    fn no_number_of_approvals_is_never_enough() {
        assert!(!holds(&[], "s", 0));
    }

    #[test]
    fn any_change_of_bytes_recipients_sender_or_time_changes_the_seal() {
        let to = |a: &str| Recipients { to: vec![a.parse().unwrap()], cc: vec![] };
        let cc = |a: &str| Recipients { to: vec![], cc: vec![a.parse().unwrap()] };
        let at = Instant::from_millis;
        let m = Digest::of(b"m");
        let seals = [
            seal(m, "s@x.example", &to("a@x.example"), at(1)),
            seal(Digest::of(b"n"), "s@x.example", &to("a@x.example"), at(1)),
            seal(m, "t@x.example", &to("a@x.example"), at(1)),
            seal(m, "s@x.example", &to("b@x.example"), at(1)),
            seal(m, "s@x.example", &cc("a@x.example"), at(1)),
            seal(m, "s@x.example", &to("a@x.example"), at(2)),
        ];
        let different: BTreeSet<_> = seals.iter().collect();
        assert_eq!(different.len(), seals.len());
    }
}

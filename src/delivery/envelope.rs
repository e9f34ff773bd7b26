//! One envelope a letter: all RCPT answers come before DATA, and one rule decides from them.

use super::verdict::{Phase, RecipientResult, Reply, Role, Verdict};

/// What to do once every recipient has been asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// DATA: the letter leaves, without the `cc` recipients that were refused.
    Proceed,
    /// RSET: nobody gets it.
    Reset(Verdict),
}

/// Decides from the answers to RCPT, in the order in which they were asked.
///
/// A `to` refused, or anyone refused for now: nobody gets it. A `cc` refused for good, or still refused at the last try:
/// the letter leaves without it.
pub fn decide(answers: Vec<RecipientResult>, last_try: bool) -> Decision {
    let first = |wanted: &dyn Fn(&RecipientResult, &Reply) -> bool| {
        answers.iter().find_map(|a| a.reply.as_ref().filter(|reply| wanted(a, reply)).cloned())
    };
    let to_for_good = first(&|a, reply| a.role == Role::To && !reply.is_positive() && !reply.is_temporary());
    if let Some(reply) = to_for_good {
        return Decision::Reset(Verdict::Refused { phase: Phase::RcptTo, reply, recipients: answers });
    }
    let for_now = first(&|a, reply| reply.is_temporary() && (a.role == Role::To || !last_try));
    if let Some(reply) = for_now {
        return Decision::Reset(Verdict::NotNow { phase: Phase::RcptTo, reply, recipients: answers });
    }
    Decision::Proceed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(given: &[(Role, u16)]) -> Vec<RecipientResult> {
        given
            .iter()
            .enumerate()
            .map(|(i, (role, code))| RecipientResult {
                address: format!("r{i}@mission.example").parse().unwrap(),
                role: *role,
                reply: Some(Reply::new(*code, "words")),
            })
            .collect()
    }

    fn check(given: &[(Role, u16)], last_try: bool, wanted: &str) {
        let got = match decide(answers(given), last_try) {
            Decision::Proceed => "proceed",
            Decision::Reset(Verdict::Refused { .. }) => "refused",
            Decision::Reset(Verdict::NotNow { .. }) => "not now",
            Decision::Reset(_) => "other",
        };
        assert_eq!(got, wanted, "{given:?}, last try: {last_try}");
    }

    #[test]
    fn a_refused_to_is_never_sent_though_a_cc_was_accepted() {
        check(&[(Role::To, 550), (Role::Cc, 250)], false, "refused");
        check(&[(Role::To, 550), (Role::Cc, 250)], true, "refused");
        check(&[(Role::To, 250), (Role::To, 550)], false, "refused");
        check(&[(Role::To, 450), (Role::To, 550)], false, "refused");
    }

    #[test]
    fn anyone_refused_for_now_means_that_nobody_gets_it_yet() {
        check(&[(Role::To, 450), (Role::Cc, 250)], false, "not now");
        check(&[(Role::To, 250), (Role::Cc, 450)], false, "not now");
        check(&[(Role::To, 450)], true, "not now");
    }

    #[test]
    fn a_letter_leaves_without_a_cc_refused_for_good_or_still_at_the_last_try() {
        check(&[(Role::To, 250), (Role::Cc, 550)], false, "proceed");
        check(&[(Role::To, 250), (Role::Cc, 450)], true, "proceed");
        check(&[(Role::To, 250), (Role::Cc, 250)], false, "proceed");
    }
}

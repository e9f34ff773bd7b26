//! The ledger from its three sources: the response log, positions.toml and the joint statements that it names.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapters::store::{StanceFact, Store, StoreError};
use crate::campaign::Positions;
use crate::config::workspace::Workspace;
use crate::report::positions::{Asked, Reached};
use crate::responses::ledger::Source;
use crate::responses::{Evidence, Ledger, Stance};
use crate::vocabulary::{AskId, CampaignId, StateCode, Zone};

/// Entries in one query.
const AT_ONCE: u64 = 1_000;

/// The ledger, what is asked, and what could not be placed.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    pub ledger: Ledger,
    /// In the order of the campaigns and of their files; then asks that only the log or positions.toml know, by name.
    pub asks: Vec<Asked>,
    /// Entries with a stance and without an ask, of a campaign that has several: nobody can say what they are about.
    pub without_ask: Vec<i64>,
}

/// Reads everything that says how delegations stand; `campaign` limits what is asked, and not the evidence: an ask with the same
/// id in the next session's campaign is the same ask.
///
/// # Errors
/// When the database refuses.
pub async fn gather(
    store: Option<&Store>,
    workspace: &Workspace,
    campaign: Option<&CampaignId>,
) -> Result<Gathered, StoreError> {
    let mut gathered = Gathered::default();
    let mut evidence = public(&workspace.positions);
    let mut of_campaign: BTreeSet<AskId> = BTreeSet::new();
    let mut reached = Vec::new();
    if let Some(store) = store {
        let mut last = 0;
        loop {
            let page = store.stances_after(last, AT_ONCE).await?;
            let Some(end) = page.last().map(|fact| fact.source.id) else { break };
            last = end;
            for fact in page {
                // Mail that nobody has read yet says nothing; what was known before holds on. A stance that was taken back is none.
                if fact.stance != Stance::Unread {
                    sort_in(fact, workspace, campaign, &mut gathered, &mut evidence, &mut of_campaign);
                }
            }
        }
        reached = store.reached().await?;
    }
    gathered.ledger = Ledger::of(evidence);
    gathered.asks = asked(workspace, campaign, &reached);
    let others = match campaign {
        Some(_) => of_campaign,
        None => gathered.ledger.asks().into_iter().cloned().collect(),
    };
    for ask in others {
        if gathered.asks.iter().all(|known| known.ask != ask) {
            gathered.asks.push(Asked { ask, text: None, audience: BTreeMap::new() });
        }
    }
    Ok(gathered)
}

/// What one entry is evidence of: of the ask that it names, else of the only one of its campaign.
fn sort_in(
    fact: StanceFact,
    workspace: &Workspace,
    campaign: Option<&CampaignId>,
    gathered: &mut Gathered,
    evidence: &mut Vec<Evidence>,
    of_campaign: &mut BTreeSet<AskId>,
) {
    let asks = fact.campaign.as_ref().and_then(|id| workspace.campaign(id)).map(|file| &file.campaign.asks);
    let only = asks.and_then(|asks| match asks.as_slice() {
        [only] => Some(only.id.clone()),
        _ => None,
    });
    let concerns = campaign.is_none() || fact.campaign.as_ref() == campaign;
    let Some(ask) = fact.ask.or(only) else {
        if concerns && fact.source.corrected_by.is_none() {
            gathered.without_ask.push(fact.source.id);
        }
        return;
    };
    if concerns {
        of_campaign.insert(ask.clone());
    }
    evidence.push(Evidence {
        delegation: fact.delegation,
        ask,
        stance: fact.stance,
        day: Zone::GENEVA.day_of(fact.at),
        source: Source::Entry(fact.source),
    });
}

/// What the files of the campaigns ask, each with whoever its campaigns write to.
fn asked(
    workspace: &Workspace,
    campaign: Option<&CampaignId>,
    reached: &[(CampaignId, StateCode, Reached)],
) -> Vec<Asked> {
    let mut asks: Vec<Asked> = Vec::new();
    let files = workspace.campaigns.iter().filter(|file| campaign.is_none_or(|id| file.campaign.id == *id));
    for file in files {
        for ask in &file.campaign.asks {
            let at = asks.iter().position(|known| known.ask == ask.id).unwrap_or_else(|| {
                asks.push(Asked { ask: ask.id.clone(), text: Some(ask.text.clone()), audience: BTreeMap::new() });
                asks.len() - 1
            });
            for (_, state, reached) in reached.iter().filter(|(id, ..)| *id == file.campaign.id) {
                let furthest = asks[at].audience.entry(*state).or_insert(*reached);
                *furthest = (*furthest).max(*reached);
            }
        }
    }
    asks
}

/// What positions.toml says. Its stances were checked as the file was read.
fn public(positions: &Positions) -> Vec<Evidence> {
    let evidence = positions.positions.iter().filter_map(|position| {
        Some(Evidence {
            delegation: position.state,
            ask: position.ask.clone(),
            stance: position.stance.parse().ok()?,
            day: position.date,
            source: match &position.statement {
                Some(id) => Source::Statement { id: id.clone(), title: position.source.clone() },
                None => Source::Noted(position.source.clone()),
            },
        })
    });
    evidence.collect()
}

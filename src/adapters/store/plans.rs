//! What each plan read, and what it fixed.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    Set,
};

use super::entities::{fixed_milestone, plan, planned_file};
use super::{Store, StoreError, Tx};
use crate::vocabulary::{CampaignId, Digest, Instant, Zone};

/// The last plan of a campaign.
#[derive(Debug, Clone)]
pub struct PlanRecord {
    pub campaign: CampaignId,
    pub title: String,
    pub planned_at: Instant,
    pub planned_by: String,
    pub approvals_wanted: usize,
    pub zone: Zone,
    /// Why the worker sends nothing of this campaign until `plan` has run.
    pub files_changed: Option<String>,
}

fn record(row: plan::Model) -> Result<PlanRecord, StoreError> {
    let wrong = |what: String| StoreError::row("plans", &row.campaign, what);
    Ok(PlanRecord {
        campaign: row.campaign.parse().map_err(|e| wrong(format!("{e}")))?,
        zone: row.time_zone.parse().map_err(wrong)?,
        approvals_wanted: usize::try_from(row.approvals_wanted).unwrap_or(1),
        title: row.title,
        planned_at: Instant::from_millis(row.planned_at),
        planned_by: row.planned_by,
        files_changed: row.files_changed,
    })
}

impl Tx {
    /// How many approvals each campaign wants, by its last plan.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn approvals_wanted(&self) -> Result<HashMap<CampaignId, usize>, StoreError> {
        let rows = plan::Entity::find().all(&self.tx).await?;
        rows.into_iter().map(|row| record(row).map(|plan| (plan.campaign, plan.approvals_wanted))).collect()
    }
}

impl Store {
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn plans(&self) -> Result<Vec<PlanRecord>, StoreError> {
        plan::Entity::find().order_by_asc(plan::Column::Campaign).all(&self.db).await?.into_iter().map(record).collect()
    }

    /// # Errors
    /// As [`Store::plans`].
    pub async fn plan(&self, campaign: &CampaignId) -> Result<Option<PlanRecord>, StoreError> {
        plan::Entity::find_by_id(campaign.to_string()).one(&self.db).await?.map(record).transpose()
    }

    /// The files that each campaign's last plan read, with their digests.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn planned_files(&self) -> Result<BTreeMap<CampaignId, BTreeMap<String, Digest>>, StoreError> {
        let mut files: BTreeMap<CampaignId, BTreeMap<String, Digest>> = BTreeMap::new();
        for row in planned_file::Entity::find().all(&self.db).await? {
            let wrong = |what: String| StoreError::row("planned_files", &row.file, what);
            let campaign = row.campaign.parse().map_err(|e| wrong(format!("{e}")))?;
            let digest = row.digest.parse().map_err(|e| wrong(format!("{e}")))?;
            files.entry(campaign).or_default().insert(row.file, digest);
        }
        Ok(files)
    }

    /// What `upr:next.STATE` was fixed as at the first plan.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn fixed_milestones(&self, campaign: &CampaignId) -> Result<BTreeMap<String, String>, StoreError> {
        let rows = fixed_milestone::Entity::find().filter(fixed_milestone::Column::Campaign.eq(campaign.as_str()));
        Ok(rows.all(&self.db).await?.into_iter().map(|row| (row.milestone, row.fixed_as)).collect())
    }

    /// Campaigns whose letters were written to files, and how many of each.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn campaigns_written_to_files(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = "SELECT campaign, COUNT(*) AS n FROM dispatches WHERE status = 'sent' AND via = 'files' \
                   GROUP BY campaign ORDER BY campaign";
        let rows = self.db.query_all_raw(self.statement(sql, Vec::new())).await?;
        rows.iter()
            .map(|row| Ok((row.try_get("", "campaign")?, u64::try_from(row.try_get::<i64>("", "n")?).unwrap_or(0))))
            .collect()
    }

    /// Whether anything was ever planned.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(plan::Entity::find().count(&self.db).await? == 0)
    }

    /// Notes that a campaign's files changed after its plan, or that they are again as planned.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_changed_files(&self, campaign: &CampaignId, why: Option<&str>) -> Result<(), StoreError> {
        let change = plan::ActiveModel { files_changed: Set(why.map(ToOwned::to_owned)), ..Default::default() };
        plan::Entity::update_many()
            .set(change)
            .filter(plan::Column::Campaign.eq(campaign.as_str()))
            .exec(&self.db)
            .await?;
        Ok(())
    }
}

impl Tx {
    /// Stores what this plan read and fixed, in place of the last one's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn save_plan(
        &self,
        new: &PlanRecord,
        files: &BTreeMap<String, Digest>,
        fixed: &BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        let campaign = new.campaign.to_string();
        plan::Entity::delete_by_id(campaign.clone()).exec(&self.tx).await?;
        let row = plan::ActiveModel {
            campaign: Set(campaign.clone()),
            planned_at: Set(new.planned_at.millis()),
            planned_by: Set(new.planned_by.clone()),
            approvals_wanted: Set(i32::try_from(new.approvals_wanted).unwrap_or(i32::MAX)),
            time_zone: Set(new.zone.to_string()),
            title: Set(new.title.clone()),
            files_changed: Set(None),
        };
        plan::Entity::insert(row).exec_without_returning(&self.tx).await?;
        planned_file::Entity::delete_many()
            .filter(planned_file::Column::Campaign.eq(campaign.as_str()))
            .exec(&self.tx)
            .await?;
        if !files.is_empty() {
            let rows = files.iter().map(|(file, digest)| planned_file::ActiveModel {
                campaign: Set(campaign.clone()),
                file: Set(file.clone()),
                digest: Set(digest.to_string()),
            });
            planned_file::Entity::insert_many(rows).exec_without_returning(&self.tx).await?;
        }
        if !fixed.is_empty() {
            let rows = fixed.iter().map(|(milestone, fixed_as)| fixed_milestone::ActiveModel {
                campaign: Set(campaign.clone()),
                milestone: Set(milestone.clone()),
                fixed_as: Set(fixed_as.clone()),
            });
            fixed_milestone::Entity::insert_many(rows)
                .on_conflict_do_nothing_on([fixed_milestone::Column::Campaign, fixed_milestone::Column::Milestone])
                .exec_without_returning(&self.tx)
                .await?;
        }
        Ok(())
    }
}

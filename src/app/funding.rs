//! Which funding account pays.

use super::App;
use crate::domain::biller::{Biller, InputName, Need};
use crate::domain::ids::FundingAccountId;
use crate::domain::refusal::{ErrorCode, Refusal};

const PATH: &[&str] = &["input", "fundingAccountId"];

impl App {
    /// The funding account that was named, if this biller can be paid from it; else why not is added to the faults. None
    /// without a fault where none was named and none is needed.
    pub(super) fn check_funding_account(
        &self,
        biller: &Biller,
        named: Option<&str>,
        faults: &mut Vec<Refusal>,
    ) -> Option<FundingAccountId> {
        match named {
            Some(id) => match self.usable_funding_account(biller, id) {
                Ok(id) => Some(id),
                Err(refusal) => {
                    faults.push(refusal.at(PATH));
                    None
                }
            },
            None => {
                if self.needs_funding_account(biller) {
                    let name = biller.provider.name();
                    let message = format!("{name} needs to know which account pays; `fundingAccounts` lists them");
                    faults.push(Refusal::new(ErrorCode::FundingAccountRequired, message).at(PATH));
                }
                None
            }
        }
    }

    fn usable_funding_account(&self, biller: &Biller, id: &str) -> Result<FundingAccountId, Refusal> {
        let snapshot = self.catalogue.snapshot();
        let known = id.parse().ok().and_then(|id| snapshot.funding_account(id));
        let account = known.filter(|account| account.provider == biller.provider);
        let account = account.ok_or_else(|| Refusal::not_found(PATH, "funding account"))?;
        if !account.active {
            let message = "this funding account cannot be used at present";
            return Err(Refusal::new(ErrorCode::FundingAccountInactive, message));
        }
        Ok(account.id)
    }

    fn needs_funding_account(&self, biller: &Biller) -> bool {
        let inputs = self.provider(biller.provider).map_or(&[][..], |provider| provider.biller_traits(biller).inputs);
        inputs.iter().any(|rule| rule.input == InputName::FundingAccount && rule.need == Need::Required)
    }
}

//! A payment that comes in: the number takes it, its money is in the ledger, and its script is played.
//!
//! The order is the guarantee: no status that says the money is there is seen before the effect is on disk.

use std::sync::Arc;

use rust_decimal::Decimal;
use tokio::time::sleep;

use super::number::ControlNumber;
use super::numbers::Numbers;
use super::payment::{Payer, Payment};
use super::rejection::Rejection;
use super::script::{Script, Standing, Step};
use super::wire::{self, CURRENCY};
use super::{Clickpesa, PROVIDER, scenarios, webhook};

/// What a payer does.
pub(super) struct Collection {
    pub number: String,
    pub amount: Decimal,
    pub currency: String,
    pub payer: Payer,
    pub script: Script,
    /// Whether the money arrives even where a payment channel would have turned the payer away.
    pub force: bool,
}

/// Takes a payment in, or turns the payer away.
pub(super) async fn collect(clickpesa: Arc<Clickpesa>, collection: Collection) -> Result<Payment, Rejection> {
    admit(&clickpesa.numbers, &collection)?;
    let steps = collection.script.then;
    let payment = begun(collection);
    if payment.standing.has_collected() {
        record(&clickpesa, &payment).await?;
    }
    clickpesa.payments.add(payment.clone());
    tokio::spawn(play(clickpesa, payment.id.clone(), steps));
    Ok(payment)
}

/// Pays a number, a while from now, with exactly what it asks for.
pub(super) async fn soon(clickpesa: Arc<Clickpesa>, number: ControlNumber) {
    sleep(clickpesa.later).await;
    let Some(amount) = number.terms.amount else { return };
    let collection = Collection {
        number: number.number,
        amount,
        currency: CURRENCY.to_owned(),
        payer: usual_payer(),
        script: scenarios::collection(amount),
        force: false,
    };
    if let Err(rejection) = collect(clickpesa, collection).await {
        let reason = rejection.message();
        tracing::debug!(provider.name = PROVIDER, reason, "sandbox payer turned away");
    }
}

/// Who pays where nobody is named.
pub(super) fn usual_payer() -> Payer {
    Payer { name: Some("Asha Juma".to_owned()), phone: Some("255712345678".to_owned()), email: None }
}

/// Checks and takes in one go, so that an order is closed by the first of two payers and not paid by both.
fn admit(numbers: &Numbers, collection: &Collection) -> Result<(), Rejection> {
    let paid = |number: &ControlNumber| -> Result<ControlNumber, Rejection> {
        if !collection.force {
            number.admit(collection.amount, &collection.currency)?;
        }
        Ok(if collection.script.collects() { number.paid(collection.amount) } else { number.clone() })
    };
    match numbers.replace(&collection.number, paid) {
        Ok(_) => Ok(()),
        Err(Rejection::UnknownNumber) if collection.force => Ok(()),
        Err(rejection) => Err(rejection),
    }
}

fn begun(collection: Collection) -> Payment {
    let now = wire::now();
    Payment {
        id: wire::payment_id(&collection.number),
        number: collection.number,
        amount: collection.amount,
        currency: collection.currency,
        payer: collection.payer,
        standing: collection.script.first,
        created_at: now,
        updated_at: now,
    }
}

async fn play(clickpesa: Arc<Clickpesa>, id: String, steps: &'static [Step]) {
    for step in steps {
        match *step {
            Step::Wait => sleep(clickpesa.later).await,
            Step::Become(standing) => advance(&clickpesa, &id, standing).await,
            Step::Tell(seal) => webhook::tell(&clickpesa, &id, seal).await,
        }
    }
}

async fn advance(clickpesa: &Clickpesa, id: &str, standing: Standing) {
    let Some(payment) = clickpesa.payments.find(id) else { return };
    let comes_in = standing.has_collected() && !payment.standing.has_collected();
    if !comes_in || record(clickpesa, &payment).await.is_ok() {
        clickpesa.payments.advance(id, standing);
    }
}

async fn record(clickpesa: &Clickpesa, payment: &Payment) -> Result<(), Rejection> {
    clickpesa.effects.record(payment.movement()).await.map_err(|error| {
        tracing::error!(provider.name = PROVIDER, %error, "sandbox effect not recorded");
        Rejection::NotRecorded
    })
}

#[cfg(test)]
mod tests {
    use super::super::draft::Draft;
    use super::super::number::{BillStatus, Kind};
    use super::super::terms::{Mode, Terms};
    use super::*;

    fn exact(amount: Decimal) -> Numbers {
        let numbers = Numbers::default();
        let terms = Terms { amount: Some(amount), mode: Some(Mode::Exact), ..Terms::default() };
        let draft = Draft { kind: Kind::Order, reference: Some("1".to_owned()), customer_name: None, terms };
        numbers.create(draft).expect("made");
        numbers
    }

    fn of(number: &str, amount: Decimal, outcome: &str, force: bool) -> Collection {
        Collection {
            number: number.to_owned(),
            amount,
            currency: CURRENCY.to_owned(),
            payer: usual_payer(),
            script: scenarios::collection_named(outcome).expect("an outcome"),
            force,
        }
    }

    #[test]
    fn only_a_payment_that_brings_money_closes_an_order() {
        let numbers = exact(Decimal::ONE);
        let status = || numbers.find("1").expect("there").status;
        assert_eq!(admit(&numbers, &of("1", Decimal::ONE, "FAILED", false)), Ok(()));
        assert_eq!(admit(&numbers, &of("1", Decimal::ONE, "PENDING", false)), Ok(()));
        assert_eq!(status(), BillStatus::Active);
        assert_eq!(admit(&numbers, &of("1", Decimal::ONE, "ON-HOLD", false)), Ok(()));
        assert_eq!(status(), BillStatus::Inactive);
        assert!(admit(&numbers, &of("1", Decimal::ONE, "SUCCESS", false)).is_err());
    }

    #[test]
    fn forced_money_arrives_whatever_a_channel_would_say() {
        let numbers = exact(Decimal::ONE);
        assert_eq!(admit(&numbers, &of("1", Decimal::TWO, "SUCCESS", false)), Err(Rejection::UnknownNumber));
        assert_eq!(admit(&numbers, &of("2", Decimal::ONE, "SUCCESS", false)), Err(Rejection::UnknownNumber));
        assert_eq!(admit(&numbers, &of("2", Decimal::ONE, "SUCCESS", true)), Ok(()));
        for _ in 0..2 {
            assert_eq!(admit(&numbers, &of("1", Decimal::TWO, "SUCCESS", true)), Ok(()));
        }
        assert_eq!(numbers.find("1").expect("there").collected, Decimal::new(4, 0));
    }
}

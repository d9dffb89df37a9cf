//! Payments and the engine behind them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary_null, boolean, integer, integer_null, text, text_null, uuid, uuid_null,
};

use crate::indexes;

/// Payments and the engine behind them.
#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX payments_idempotency_key ON payments (tenant_id, idempotency_key)",
    "CREATE INDEX payments_by_tenant ON payments (tenant_id, id)",
    "CREATE INDEX payments_by_customer ON payments (tenant_id, customer, id) WHERE customer IS NOT NULL",
    "CREATE INDEX payments_by_status ON payments (tenant_id, status, id)",
    "CREATE INDEX payments_by_bill_number ON payments (bill_number_id, id) WHERE bill_number_id IS NOT NULL",
    "CREATE INDEX payments_by_submission ON payments (submission_id)",
    "CREATE INDEX payments_by_provider_reference ON payments (tenant_id, provider_reference) WHERE provider_reference IS NOT NULL",
    "CREATE INDEX payments_by_provider_name ON payments (provider, provider_reference) WHERE provider_reference IS NOT NULL",
    "CREATE INDEX allocations_by_provider_name ON allocations (provider_reference) WHERE provider_reference IS NOT NULL",
    "CREATE INDEX allocations_by_bill ON allocations (bill_id) WHERE bill_id IS NOT NULL",
    "CREATE UNIQUE INDEX submissions_provider_key ON submissions (provider, provider_key)",
    "CREATE INDEX submissions_due ON submissions (next_action_at) WHERE next_action_at IS NOT NULL",
    "CREATE INDEX submissions_by_provider_reference ON submissions (provider, provider_reference) WHERE provider_reference IS NOT NULL",
    "CREATE UNIQUE INDEX attempts_one_in_the_air ON attempts (submission_id) WHERE kind <> 'LOOKUP' AND state = 'SENDING'",
    "CREATE INDEX evidence_by_payment ON evidence (payment_id)",
    "CREATE INDEX bill_claims_by_payment ON bill_claims (payment_id)",
    "CREATE UNIQUE INDEX receipts_number ON receipts (tenant_id, number)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(payments()).await?;
        manager.create_table(allocations()).await?;
        manager.create_table(submissions()).await?;
        manager.create_table(attempts()).await?;
        manager.create_table(evidence()).await?;
        manager.create_table(bill_claims()).await?;
        manager.create_table(receipts()).await?;
        indexes(manager, INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["receipts", "bill_claims", "evidence", "attempts", "submissions", "allocations", "payments"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn payments() -> TableCreateStatement {
    Table::create()
        .table("payments")
        .col(uuid("id"))
        .col(text("tenant_id"))
        .col(text_null("customer"))
        .col(text_null("idempotency_key"))
        .col(text("request_hash"))
        .col(uuid("submission_id"))
        .col(text("provider"))
        .col(uuid("biller_id"))
        .col(text_null("account_reference"))
        .col(text_null("second_reference"))
        .col(text_null("account_holder_name"))
        .col(uuid_null("bill_number_id"))
        .col(uuid_null("bulk_payment_id"))
        .col(text("bill_ref"))
        .col(big_integer("amount_minor").check(Expr::col("amount_minor").gt(0)))
        .col(text("currency"))
        .col(text("status"))
        .col(integer("version"))
        .col(text_null("review_reason"))
        .col(big_integer_null("review_since"))
        .col(text_null("payer_name"))
        .col(text_null("payer_phone"))
        .col(text_null("description"))
        .col(uuid_null("funding_account_id"))
        .col(text("delivery_speed"))
        .col(text("process_date"))
        .col(text_null("due_date"))
        .col(text_null("callback_url"))
        .col(boolean("save_bill_number"))
        .col(text_null("our_reference"))
        .col(text_null("provider_reference"))
        .col(text_null("biller_reference"))
        .col(text_null("provider_status"))
        .col(text_null("confirmation_number"))
        .col(big_integer_null("funding_amount_minor"))
        .col(text_null("funding_currency"))
        .col(text_null("exchange_rate"))
        .col(text_null("disbursement"))
        .col(boolean("new_bill"))
        .col(text_null("failure"))
        .col(text("created_by"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .primary_key(Index::create().col("id"))
        .take()
}

fn allocations() -> TableCreateStatement {
    Table::create()
        .table("allocations")
        .col(uuid("payment_id"))
        .col(integer("no"))
        .col(uuid_null("bill_id"))
        .col(text_null("bill_reference"))
        .col(big_integer("amount_minor"))
        .col(text("currency"))
        .col(text_null("provider_reference"))
        .primary_key(Index::create().col("payment_id").col("no"))
        .take()
}

fn submissions() -> TableCreateStatement {
    Table::create()
        .table("submissions")
        .col(uuid("id"))
        .col(text("tenant_id"))
        .col(text("provider"))
        .col(text("subject"))
        .col(text("provider_key"))
        .col(big_integer_null("key_first_used_at"))
        .col(text_null("provider_reference"))
        .col(binary_null("request_bytes"))
        .col(big_integer_null("next_action_at"))
        .col(text_null("lease_owner"))
        .col(big_integer_null("lease_until"))
        .col(big_integer("fence"))
        .col(integer("attempt_count"))
        .col(integer("submits"))
        .col(big_integer_null("last_submit_at"))
        .col(text_null("last_submit_verdict"))
        .col(integer("look_ups"))
        .col(text_null("last_look_up_verdict"))
        .col(big_integer_null("last_look_up_at"))
        .col(integer("look_up_requests"))
        .col(integer("look_up_requests_met"))
        .col(big_integer("run_at"))
        .col(big_integer("not_after"))
        .col(big_integer("review_at"))
        .col(integer("fault_count"))
        .primary_key(Index::create().col("id"))
        .take()
}

fn attempts() -> TableCreateStatement {
    Table::create()
        .table("attempts")
        .col(uuid("submission_id"))
        .col(integer("no"))
        .col(big_integer("fence"))
        .col(text("kind"))
        .col(text("state"))
        .col(big_integer("started_at"))
        .col(big_integer("deadline"))
        .col(big_integer_null("ended_at"))
        .col(integer_null("http_status"))
        .col(text_null("provider_code"))
        .col(text_null("provider_message"))
        .col(text_null("provider_trace"))
        .primary_key(Index::create().col("submission_id").col("no"))
        .take()
}

fn evidence() -> TableCreateStatement {
    Table::create()
        .table("evidence")
        .col(uuid("id"))
        .col(uuid("payment_id"))
        .col(integer_null("attempt_no"))
        .col(uuid_null("callback_id"))
        .col(text("source"))
        .col(text("verdict"))
        .col(text("outcome"))
        .col(text_null("provider_reference"))
        .col(big_integer_null("amount_minor"))
        .col(text_null("currency"))
        .col(text("actor"))
        .col(text_null("note"))
        .col(big_integer("at"))
        .primary_key(Index::create().col("id"))
        .take()
}

fn bill_claims() -> TableCreateStatement {
    Table::create()
        .table("bill_claims")
        .col(text("tenant_id"))
        .col(uuid("biller_id"))
        .col(text("account_reference"))
        .col(text("bill_ref"))
        .col(uuid("payment_id"))
        .primary_key(Index::create().col("tenant_id").col("biller_id").col("account_reference").col("bill_ref"))
        .take()
}

fn receipts() -> TableCreateStatement {
    Table::create()
        .table("receipts")
        .col(uuid("payment_id"))
        .col(text("tenant_id"))
        .col(text("number"))
        .col(big_integer("issued_at"))
        .col(text_null("provider_reference"))
        .col(text_null("biller_reference"))
        .col(text_null("token"))
        .col(text("fields"))
        .primary_key(Index::create().col("payment_id"))
        .take()
}

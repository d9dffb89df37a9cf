//! Documents that find no more where there is more of everything, each with the reason.

const CATALOGUE: &str = "it is of the catalogue, which the providers make";
const APART: &str = "what is paid in bulk, from a funding account, is not an account that is kept";

/// By the ways that the documents go.
pub const REASONS: &[(&str, &str)] = &[
    ("billNumbers.payments.bulkPayment", APART),
    ("billNumbers.payments.fundingAccount", APART),
    ("billers", CATALOGUE),
    ("billers.provider", CATALOGUE),
    ("bills.openPayment.bulkPayment", "payments of bulks are over before anything is read, and then not open"),
    ("bills.openPayment.fundingAccount", "payments from funding accounts are over by then, and then not open"),
    ("bulkPayments.payments.billNumber", APART),
    ("fundingAccounts.provider", CATALOGUE),
    ("nodes of Biller", CATALOGUE),
    ("nodes of FundingAccount", CATALOGUE),
    ("nodes of Provider", CATALOGUE),
    ("providers", CATALOGUE),
];

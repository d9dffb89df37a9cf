//! Places that need no row, each with the reason: what is named there belongs to nobody, or it is no name.

/// Arguments and input fields, by their own name.
pub const NAMES: &[(&str, &str)] = &[
    ("billerId", "billers are the providers', the same for everyone"),
    ("providerId", "providers are the same for everyone"),
    (
        "fundingAccountId",
        "funding accounts are those of billpay's own account with the provider: all tenants pay from them",
    ),
    ("description", "words that are kept with the requester's own object"),
    ("email", "words that are kept with the requester's own object"),
    ("evidence", "words that are kept with the requester's own object"),
    ("name", "words that are kept with the requester's own object"),
    ("reason", "words that are kept with the requester's own object"),
    ("scopes", "words of the contract, of which the requester must hold each"),
    ("search", "words of billers' names"),
    ("secondReference", "a number with the biller, beside the account's"),
];

/// Single places.
pub const PLACES: &[(&str, &str)] = &[
    ("Query.billLookup(accountReference)", "an account with a biller, which is asked for it"),
    ("Query.validateAccount(accountReference)", "an account with a biller, which is asked for it"),
    ("Mutation.createPayment(input.target.account.accountReference)", "an account with a biller, not one of ours"),
    (
        "Mutation.saveBillNumber(input.accountReference)",
        "an account with a biller; what is kept is the requester's own",
    ),
    ("Mutation.resolvePayment(input.providerReference)", "what the requester found out; nothing is looked up by it"),
    ("Mutation.replayWebhooks(input.from)", "a place in the log of the requester's own endpoint"),
    ("Mutation.replayWebhooks(input.through)", "a place in the log of the requester's own endpoint"),
    ("Query.biller(id)", "billers are the providers', the same for everyone"),
    ("Query.billers", "billers are the providers', the same for everyone"),
    ("Query.billers(after)", "billers are the providers', the same for everyone"),
    ("Query.billers(before)", "billers are the providers', the same for everyone"),
    ("Query.providers", "providers are the same for everyone"),
    ("Query.node(id) of Biller", "billers are the providers', the same for everyone"),
    ("Query.node(id) of FundingAccount", "funding accounts are those of billpay's own account with the provider"),
    ("Query.node(id) of Provider", "providers are the same for everyone"),
    ("Query.nodes(ids) of Biller", "billers are the providers', the same for everyone"),
    ("Query.nodes(ids) of FundingAccount", "funding accounts are those of billpay's own account with the provider"),
    ("Query.nodes(ids) of Provider", "providers are the same for everyone"),
];

/// Why a place needs no row, where it needs none.
pub fn reason(place: &str) -> Option<&'static str> {
    let by_place = PLACES.iter().find(|(known, _)| *known == place);
    let by_name = || NAMES.iter().find(|(name, _)| last_name(place) == Some(*name));
    by_place.or_else(by_name).map(|(_, reason)| *reason)
}

/// The name of the argument or input field that a place is.
pub fn last_name(place: &str) -> Option<&str> {
    place.strip_suffix(')')?.rsplit(['(', '.']).next()
}

//! Why webhooks are not sent to a URL, in sentences that say what to do.

/// The longest URL, in characters of its ASCII form; billpay's choice.
pub const LONGEST_WEBHOOK_URL: usize = 2_048;

/// What is wrong with the form of a URL. No name is looked up to find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefused {
    /// It cannot be read as an address of the web, or holds blanks, control characters or backslashes.
    #[error("give a whole URL such as https://example.com/webhooks, without blanks or backslashes")]
    NotAUrl,
    /// It is longer than [`LONGEST_WEBHOOK_URL`].
    #[error("give a URL of at most {} characters", LONGEST_WEBHOOK_URL)]
    TooLong,
    /// It is not https.
    #[error("give a URL that begins with https://")]
    NotHttps,
    /// Its port is neither 443 nor 8443.
    #[error("give a URL on port 443 or 8443")]
    PortNotAllowed,
    /// It holds a user name or a password.
    #[error("give a URL without a user name or password; check the signature of the webhooks instead")]
    HasUser,
    /// It has a fragment.
    #[error("give a URL without a fragment, the part behind #")]
    HasFragment,
    /// Its host is an address or a name that is not public.
    #[error("give a URL whose host can be reached from the internet; private addresses and local names are not")]
    PrivateAddress,
    /// Its host is billpay's own.
    #[error("give a URL of your own host; billpay does not call itself")]
    OwnHost,
}

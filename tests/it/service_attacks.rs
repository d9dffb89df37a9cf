//! Attacks on the service as a whole: slowness, floods, secrets in its log, and the checks of graphql-cop. Each test
//! bears the number of its row in the list of attacks.

mod checks;
mod floods;
mod logs;
mod slow;

//! An exhaustive check of the engine's rules: every state that a small world can come to.
//!
//! Purpose: no order of crashes, freezes, losses and late requests may pay twice, call a paid payment failed, lose a
//! success or leave a payment to nobody. Mechanism: a breadth-first search over the product of two workers, one
//! submission with one payment, and a provider that does whatever its class allows; what is decided and what evidence
//! means is asked of the very functions that the product runs, [`decide`](super::decide::decide) and
//! [`fold`](super::fold::fold), and what the engine does around them is written again here, each step with the name of
//! the function that it mirrors. Guarantee: within the bounds of a [`Case`](case::Case) nothing is left out. With a
//! [`Flaw`](flaw::Flaw) in the engine the same search finds harm, and prints the shortest way to it.
//!
//! Time goes in ticks of ten minutes: a lease, a back-off and the delay until the provider's records agree end within
//! one; what a request lives, a key and patience are several. Left out: payments that the provider takes back, bulks,
//! recalls, pauses, and due dates that lie ahead.

mod case;
mod engine;
mod flaw;
mod healing;
mod normal;
mod orders;
mod provider;
mod runs;
mod search;
mod weak_runs;
mod worker;
mod world;

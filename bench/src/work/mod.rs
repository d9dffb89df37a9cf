//! The workloads, a file each.

mod cost;
mod create;
mod disk;
mod growth;
mod idle;
mod pay;
mod read;
mod scale;
mod sqlite;
mod start;
mod subscriptions;
mod typename;

use clap::ValueEnum;

use crate::failed::Outcome;
use crate::turns::Line;
use crate::world::World;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// The time to ready, and the memory of an idle server.
    Start,
    /// The least that can be asked.
    Typename,
    /// A page of 20 payments with billers and bill numbers.
    Read,
    /// The same pages by the size of the table, at its beginning and deep in it.
    Growth,
    /// Payments that are recorded, on PostgreSQL and SQLite.
    Create,
    /// Payments from creation to settlement, on PostgreSQL and SQLite.
    Pay,
    /// Events to many sockets.
    Subscriptions,
    /// What grows with tenants and with processes, and what idle processes ask.
    Scale,
    /// Statements, commits and bytes of a request, and the bytes that a payment leaves on the disk.
    Cost,
}

impl Workload {
    /// Measures it.
    pub async fn run(self, world: &mut World) -> Outcome<Vec<Line>> {
        match self {
            Self::Start => start::run(world).await,
            Self::Typename => typename::run(world).await,
            Self::Read => read::run(world).await,
            Self::Growth => growth::run(world).await,
            Self::Create => create::run(world).await,
            Self::Pay => pay::run(world).await,
            Self::Subscriptions => subscriptions::run(world).await,
            Self::Scale => scale::run(world).await,
            Self::Cost => cost::run(world).await,
        }
    }
}

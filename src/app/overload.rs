//! Back-pressure: what is too much is refused before anything is written, with a sentence that says when to try again.
//!
//! Purpose: a backlog, a queue and a disk that are full up show as an answer, not as a server that gets slower until it
//! falls over. Mechanism: how much waits for each provider, and how much room the disk has, is looked at once a second
//! in the background and remembered; so many creations may stand before the database at once. Guarantee: a key that was
//! used is answered whatever the load, and what was taken goes on to its end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::slice;
use std::sync::{Mutex, PoisonError};

use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

use super::{App, AppError};
use crate::domain::overload::{Overload, Room};
use crate::domain::provider::ProviderCode;
use crate::domain::refusal::Refusal;
use crate::store::{Created, CreatedNumbers, Lack, NewNumbers, NewSubmission, StoreError, free_bytes};
use crate::telemetry::metric;

/// The most creations that may wait for the database at once, in one process: about half a second of them.
const MOST_CREATING: usize = 1_024;

/// What this process knows of its load.
#[derive(Debug)]
pub struct Load {
    max_backlog: u64,
    min_free_bytes: u64,
    backlog: Mutex<BTreeMap<ProviderCode, u64>>,
    room: Mutex<Room>,
    folder: OnceCell<Option<PathBuf>>,
    creating: Semaphore,
}

impl Load {
    /// Nothing is known yet: everything is taken. The limits are those of `worker.max_backlog`, for each provider, and
    /// of `database.min_free_bytes`.
    pub fn new(max_backlog: u64, min_free_bytes: u64) -> Self {
        Self {
            max_backlog,
            min_free_bytes,
            backlog: Mutex::default(),
            room: Mutex::default(),
            folder: OnceCell::new(),
            creating: Semaphore::new(MOST_CREATING),
        }
    }

    /// How much room the database's disk had when it was last looked at.
    pub fn room(&self) -> Room {
        *self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place among those who create something for these providers, or why there is none.
    pub(super) fn enter(
        &self,
        providers: impl IntoIterator<Item = ProviderCode>,
    ) -> Result<SemaphorePermit<'_>, Overload> {
        match self.room() {
            Room::Enough => {}
            Room::Low | Room::Scarce => return Err(Overload::Disk),
        }
        let full = {
            let backlog = self.backlog.lock().unwrap_or_else(PoisonError::into_inner);
            let waiting = |provider: &ProviderCode| backlog.get(provider).copied().unwrap_or_default();
            providers.into_iter().find(|provider| waiting(provider) >= self.max_backlog)
        };
        match full {
            Some(provider) => Err(Overload::Backlog(provider)),
            None => self.creating.try_acquire().map_err(|_| Overload::Busy),
        }
    }

    fn note_backlog(&self, backlog: BTreeMap<ProviderCode, u64>) {
        *self.backlog.lock().unwrap_or_else(PoisonError::into_inner) = backlog;
    }

    fn note_room(&self, room: Room) {
        let before = std::mem::replace(&mut *self.room.lock().unwrap_or_else(PoisonError::into_inner), room);
        match room {
            Room::Enough if before != room => tracing::info!("the database's disk has room again"),
            Room::Low if before != room => tracing::error!("the disk is nearly full: nothing new is taken"),
            Room::Scarce if before != room => tracing::error!("the disk is nearly full: nothing is sent any more"),
            Room::Enough | Room::Low | Room::Scarce => {}
        }
    }
}

impl App {
    /// Looks at the backlog and at the disk.
    pub async fn refresh_load(&self) -> Result<(), StoreError> {
        let folder = self.load.folder.get_or_try_init(|| self.store.folder()).await?.clone();
        if let Some(folder) = folder {
            let free = free_bytes(folder).await;
            if let Some(free) = free {
                // A whole number up to nine quadrillion stays exact.
                metrics::gauge!(metric::DISK_FREE).set(free as f64);
            }
            self.load.note_room(Room::of(free, self.load.min_free_bytes));
        }
        let backlog = self.store.backlog().await?;
        for provider in self.providers.keys() {
            let waiting = backlog.get(provider).copied().unwrap_or_default();
            let waiting = f64::from(u32::try_from(waiting).unwrap_or(u32::MAX));
            metrics::gauge!(metric::BACKLOG, "provider" => provider.as_str()).set(waiting);
        }
        self.load.note_backlog(backlog);
        Ok(())
    }

    /// Stores a new submission by itself, unless there is too much to do.
    pub(super) async fn store_new(&self, new: &NewSubmission) -> Result<Created, AppError> {
        let _place = self.load.enter([new.submission.provider]).map_err(refused)?;
        let outcome = self.store.create(slice::from_ref(new)).await.pop();
        outcome.unwrap_or_else(|| Err(StoreError::unheard())).map_err(unwritten)
    }

    /// Stores new control numbers, unless there is too much to do.
    pub(super) async fn store_new_numbers(&self, batch: &[NewNumbers]) -> Result<CreatedNumbers, AppError> {
        let _place = self.load.enter(batch.iter().map(|new| new.submission.provider)).map_err(refused)?;
        self.store.create_control_numbers(batch).await.map_err(unwritten)
    }
}

/// The failure of a read or of a transaction before anything was committed, as a refusal where the caller may simply
/// come again later.
pub(super) fn unwritten(error: StoreError) -> AppError {
    match error.lack() {
        None => error.into(),
        Some(lack) => {
            tracing::warn!(%error, ?lack, "the database could not take something new");
            refused(match lack {
                Lack::Connection | Lack::Time => Overload::Busy,
                Lack::Room => Overload::Disk,
            })
            .into()
        }
    }
}

pub(super) fn refused(overload: Overload) -> Refusal {
    metrics::counter!(metric::OVERLOADED, "reason" => overload.as_str()).increment(1);
    overload.refusal()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: [ProviderCode; 2] = [ProviderCode::Almara, ProviderCode::Bill];

    #[test]
    fn a_backlog_stops_its_own_provider_only() {
        let load = Load::new(10, 0);
        load.note_backlog(BTreeMap::from([(ProviderCode::Almara, 10), (ProviderCode::Bill, 9)]));
        assert_eq!(load.enter(TWO).err(), Some(Overload::Backlog(ProviderCode::Almara)));
        assert!(load.enter([ProviderCode::Bill]).is_ok());
        load.note_backlog(BTreeMap::from([(ProviderCode::Almara, 9)]));
        assert!(load.enter(TWO).is_ok());
    }

    #[test]
    fn a_full_disk_stops_everything_new() {
        let load = Load::new(10, 100);
        load.note_room(Room::Low);
        assert_eq!(load.enter(TWO).err(), Some(Overload::Disk));
        load.note_room(Room::Enough);
        assert!(load.enter(TWO).is_ok());
    }

    #[test]
    fn so_many_create_at_once_and_the_next_is_told() {
        let load = Load::new(10, 0);
        let mut places: Vec<_> = (0..MOST_CREATING).map(|_| load.enter(TWO).expect("a place")).collect();
        assert_eq!(load.enter(TWO).err(), Some(Overload::Busy));
        places.pop();
        assert!(load.enter(TWO).is_ok());
    }
}

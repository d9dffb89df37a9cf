//! The room on the disk that holds the database. Of another machine's disk, as PostgreSQL's, nothing can be told.

use std::path::{Path, PathBuf};

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::{Store, StoreError};

impl Store {
    /// The folder of the database, where it is a file of this host.
    pub async fn folder(&self) -> Result<Option<PathBuf>, StoreError> {
        if self.reader.get_database_backend() != DbBackend::Sqlite {
            return Ok(None);
        }
        let sql = "SELECT file FROM pragma_database_list WHERE name = 'main'";
        let row = self.reader.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
        let file = row.map(|row| row.try_get_by_index::<Option<String>>(0)).transpose()?.flatten();
        Ok(file.as_deref().map(Path::new).and_then(Path::parent).map(Path::to_owned))
    }
}

/// The bytes that may still be written below `folder`; nothing where that cannot be told.
pub async fn free_bytes(folder: PathBuf) -> Option<u64> {
    // A disk that hangs must not hold up whoever else runs on this thread.
    let asked = tokio::task::spawn_blocking(move || rustix::fs::statvfs(folder.as_path())).await.ok()?;
    let disk = asked.ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_has_room_and_one_that_is_not_there_tells_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert!(free_bytes(folder.path().to_owned()).await.is_some_and(|free| free > 0));
        assert_eq!(free_bytes(folder.path().join("nothing")).await, None);
    }
}

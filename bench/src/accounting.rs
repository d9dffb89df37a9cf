//! What a process and its children have cost, from the kernel's own accounts.
//!
//! CPU is user and system time of every process below a root, and of those of their children that have ended and were
//! waited for; so a PostgreSQL backend that ends within a turn is counted through its postmaster.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;

use crate::failed::{Failed, Outcome};

/// Where the times stand behind the name: `utime`, `stime`, `cutime`, `cstime`.
const TIMES: std::ops::Range<usize> = 11..15;
const PARENT: usize = 1;

/// The CPU time that a process and all below it have used so far.
pub fn cpu(root: u32) -> Outcome<Duration> {
    let processes = processes()?;
    let mut ticks = 0;
    let mut left = vec![root];
    while let Some(id) = left.pop() {
        if let Some(process) = processes.get(&id) {
            ticks += process.ticks;
        }
        left.extend(processes.iter().filter(|(_, process)| process.parent == id).map(|(child, _)| *child));
    }
    Ok(Duration::from_millis(ticks * 1000 / clock_ticks_per_second().max(1)))
}

/// The most memory that a process has held, in KiB.
pub fn peak_memory(id: u32) -> Outcome<u64> {
    memory(id, "VmHWM:")
}

/// The memory that a process holds now, in KiB.
pub fn resident_memory(id: u32) -> Outcome<u64> {
    memory(id, "VmRSS:")
}

struct Accounts {
    parent: u32,
    ticks: u64,
}

fn processes() -> Outcome<HashMap<u32, Accounts>> {
    let mut found = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // It may have ended since the folder was read.
        let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
        found.extend(accounts(&stat).map(|accounts| (id, accounts)));
    }
    Ok(found)
}

/// The name stands in brackets and may hold anything, so what follows the last bracket is read.
fn accounts(stat: &str) -> Option<Accounts> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let times = fields.get(TIMES)?;
    Some(Accounts {
        parent: fields.get(PARENT)?.parse().ok()?,
        ticks: times.iter().map(|ticks| ticks.parse::<u64>().unwrap_or_default()).sum(),
    })
}

fn memory(id: u32, name: &str) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_ascii_whitespace().next()).and_then(|kib| kib.parse().ok());
    kib.ok_or_else(|| Failed::new(format!("process {id} tells no {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_is_passed_over() {
        let stat = "7 (a) b) S 3 7 7 0 -1 4194304 100 0 0 0 11 22 33 44 20 0 1 0";
        let read = accounts(stat).expect("accounts");
        assert_eq!((read.parent, read.ticks), (3, 11 + 22 + 33 + 44));
    }

    #[test]
    fn this_process_has_memory() {
        assert!(peak_memory(std::process::id()).expect("a figure") > 0);
    }
}

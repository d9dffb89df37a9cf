//! One plan, as the database told it when the statement had been executed, and what is wrong with it.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use serde_json::Value;

/// Where the log says that the database told something.
const NOTICES: &str = "sqlx::postgres::notice";
/// How many rows of a large table one part of a plan may look at: a small share of it, and no more the more there are.
const MOST_ROWS: u64 = 25_000;
/// What is printed of a part of a plan, besides what it does.
const PRINTED: [&str; 10] = [
    "Relation Name",
    "Index Name",
    "Index Cond",
    "Filter",
    "Actual Rows",
    "Actual Loops",
    "Rows Removed by Filter",
    "Rows Removed by Index Recheck",
    "Sort Method",
    "Sort Space Type",
];

/// A statement and how it was executed.
pub struct Plan {
    pub statement: String,
    root: Value,
}

/// What is wrong with a part of a plan.
pub struct Fault {
    pub kind: &'static str,
    pub words: String,
}

impl Plan {
    /// The plan that a line of the log tells, if it tells one.
    pub fn read(line: &str) -> Option<Self> {
        let logged: Value = serde_json::from_str(line).ok()?;
        if logged["target"] != NOTICES {
            return None;
        }
        let (_, told) = logged["message"].as_str()?.split_once("plan:\n")?;
        let mut told: Value = serde_json::from_str(told).ok()?;
        Some(Self { statement: told["Query Text"].as_str()?.to_owned(), root: told["Plan"].take() })
    }

    /// The tables that it reads or changes.
    pub fn tables(&self) -> Vec<&str> {
        self.parts().into_iter().filter_map(|part| part["Relation Name"].as_str()).collect()
    }

    /// What is wrong with it, where these tables are large.
    pub fn faults(&self, large: &BTreeSet<String>) -> Vec<Fault> {
        self.parts().into_iter().filter_map(|part| fault_of(part, large)).collect()
    }

    fn parts(&self) -> Vec<&Value> {
        let mut parts = vec![&self.root];
        let mut seen = 0;
        while let Some(part) = parts.get(seen).copied() {
            parts.extend(part["Plans"].as_array().into_iter().flatten());
            seen += 1;
        }
        parts
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.statement)?;
        draw(&self.root, 1, f)
    }
}

fn draw(part: &Value, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut line = "  ".repeat(depth);
    line.push_str(part["Node Type"].as_str().unwrap_or("?"));
    for name in PRINTED {
        if let Some(value) = part.get(name) {
            write!(line, "; {name}: {value}")?;
        }
    }
    writeln!(f, "{line}")?;
    part["Plans"].as_array().into_iter().flatten().try_for_each(|below| draw(below, depth + 1, f))
}

fn fault_of(part: &Value, large: &BTreeSet<String>) -> Option<Fault> {
    if is_on_disk(part) {
        return Some(Fault { kind: "disk", words: "more is sorted or hashed than memory holds:".to_owned() });
    }
    let table = part["Relation Name"].as_str().filter(|table| large.contains(*table))?;
    if part["Node Type"] == "Seq Scan" {
        return Some(Fault { kind: "scan", words: format!("{table} is read from end to end:") });
    }
    let rows = looked_at(part);
    (rows > MOST_ROWS).then(|| Fault { kind: "rows", words: format!("{rows} rows of {table} are looked at:") })
}

/// Whether more is sorted or hashed than memory holds, by the part itself, group by group, or by one of its workers.
fn is_on_disk(part: &Value) -> bool {
    let workers = part["Workers"].as_array().into_iter().flatten();
    let groups = ["Full-sort Groups", "Pre-sorted Groups"].map(|groups| &part[groups]["Sort Space Disk"]);
    part["Sort Space Type"] == "Disk"
        || ["Hash Batches", "HashAgg Batches"].iter().any(|batches| count(&part[*batches]) > 1)
        || groups.into_iter().any(|disk| !disk.is_null())
        || workers.into_iter().any(is_on_disk)
}

/// The rows that a part looked at, those included that it threw away. Rows and what is removed are told for one loop.
fn looked_at(part: &Value) -> u64 {
    let rows = ["Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"];
    let one_loop: u64 = rows.iter().map(|name| count(&part[*name])).sum();
    one_loop.saturating_mul(count(&part["Actual Loops"]))
}

/// A number of the plan; newer databases tell rows with decimals, which are left out.
fn count(value: &Value) -> u64 {
    let Value::Number(number) = value else { return 0 };
    let text = number.to_string();
    text.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or_default()
}

//! The settings as text, from wherever they stand.
//!
//! Three layers are laid over each other: the compiled-in defaults, a file, the environment. The defaults name every
//! setting that exists, so a name that they lack is a fault. Nothing is interpreted here, except that a file's numbers
//! and truth values become text again; an empty value leaves the layer below as it is.

use std::collections::BTreeMap;
use std::path::Path;

use ::config::{FileFormat, Format, Map, Value, ValueKind};

use super::fault::Fault;

/// The prefix of the environment's variables.
pub(super) const PREFIX: &str = "BILLPAY_";
/// The variable that names the file.
pub(super) const FILE_VARIABLE: &str = "BILLPAY_CONFIG";
/// Variables with the prefix that are not settings.
const OTHER_VARIABLES: [&str; 6] = [
    FILE_VARIABLE,
    "BILLPAY_CRASH_AT",
    "BILLPAY_FREEZE_AT",
    "BILLPAY_WEAKNESS",
    "BILLPAY_CLOCK_OFFSET",
    "BILLPAY_CLOCK_STEP",
];
/// Variables that belong to the tests.
const TEST_PREFIX: &str = "BILLPAY_TEST_";
/// Where the names and meanings are found.
const SEE: &str = "`config.default.toml` and docs/operating.md list the settings";

/// One setting as it was written.
pub(super) struct Written {
    pub(super) text: String,
    /// Whether it stood in a file as a bare number or truth value, whose spelling is lost.
    pub(super) bare: bool,
}

/// Every setting by its dotted name.
pub(super) struct Layers {
    values: BTreeMap<String, Written>,
    pub(super) faults: Vec<Fault>,
}

impl Layers {
    /// Starts from the defaults.
    pub(super) fn of_defaults(toml: &str) -> Self {
        let mut layers = Self { values: BTreeMap::new(), faults: Vec::new() };
        match parse(toml) {
            Ok(leaves) => layers.values = leaves.into_iter().filter_map(|(name, leaf)| Some((name, leaf?))).collect(),
            Err(problem) => layers.faults.push(Fault::new("config.default.toml", problem, "build billpay anew")),
        }
        layers
    }

    /// Lays a file over them.
    pub(super) fn lay_file(&mut self, path: &Path) {
        let name = path.display();
        let parsed = std::fs::read_to_string(path).map_err(|error| error.to_string()).and_then(|toml| parse(&toml));
        match parsed {
            Ok(leaves) => {
                leaves.into_iter().for_each(|(key, value)| self.lay_leaf(&format!("{name}: {key}"), key, value))
            }
            Err(problem) => {
                self.faults.push(Fault::new(
                    name.to_string(),
                    problem,
                    "name a readable TOML file by --config or BILLPAY_CONFIG",
                ));
            }
        }
    }

    /// Lays the environment over them.
    pub(super) fn lay_environment(&mut self, variables: &BTreeMap<String, String>) {
        for (variable, text) in variables {
            if let Some(name) = setting_of(variable) {
                self.lay_leaf(variable, name, Some(Written { text: text.clone(), bare: false }));
            }
        }
    }

    /// The setting of that name, unless it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&Written> {
        self.values.get(name).filter(|written| !written.text.is_empty())
    }

    fn lay_leaf(&mut self, place: &str, name: String, value: Option<Written>) {
        let Some(below) = self.values.get_mut(&name) else {
            return self.faults.push(Fault::new(place, "there is no such setting", format!("remove it: {SEE}")));
        };
        match value {
            Some(written) if written.text.is_empty() => {}
            Some(written) => *below = written,
            None => self.faults.push(Fault::new(
                place,
                "is neither text, whole number, true nor false",
                "write it in quotes",
            )),
        }
    }
}

/// The setting that a variable stands for: `BILLPAY_AUTH__ISSUER` is `auth.issuer`.
fn setting_of(variable: &str) -> Option<String> {
    let other = OTHER_VARIABLES.contains(&variable) || variable.starts_with(TEST_PREFIX);
    let name = variable.strip_prefix(PREFIX).filter(|_| !other)?;
    Some(name.to_ascii_lowercase().replace("__", "."))
}

/// The leaves of a file by dotted name; `None` where one is of a kind that no setting has.
type Leaves = BTreeMap<String, Option<Written>>;

fn parse(toml: &str) -> Result<Leaves, String> {
    let root = Format::parse(&FileFormat::Toml, None, toml).map_err(|error| first_line(&error.to_string()))?;
    let mut leaves = Leaves::new();
    collect(root, "", &mut leaves);
    Ok(leaves)
}

/// Where the fault is; the lines that follow it quote the file, secrets and all.
fn first_line(error: &str) -> String {
    error.lines().next().unwrap_or("not TOML").to_owned()
}

fn collect(table: Map<String, Value>, prefix: &str, leaves: &mut Leaves) {
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        let leaf = match value.kind {
            ValueKind::Table(inner) => {
                collect(inner, &format!("{name}."), leaves);
                continue;
            }
            ValueKind::String(text) => Some(Written { text, bare: false }),
            ValueKind::Boolean(value) => Some(Written { text: value.to_string(), bare: true }),
            ValueKind::I64(number) => Some(Written { text: number.to_string(), bare: true }),
            ValueKind::I128(_)
            | ValueKind::U64(_)
            | ValueKind::U128(_)
            | ValueKind::Float(_)
            | ValueKind::Array(_)
            | ValueKind::Nil => None,
        };
        leaves.insert(name, leaf);
    }
}

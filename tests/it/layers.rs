//! The layers: each uses only what stands below it, as `src/lib.rs` draws them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What each layer may use beside itself. What is not listed (the commands and the start) may use everything.
const ALLOWED: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("authorities", &[]),
    ("crash", &[]),
    ("shutdown", &[]),
    ("weakness", &[]),
    ("config", &["domain"]),
    ("telemetry", &["config", "authorities"]),
    ("ports", &["domain"]),
    ("store", &["domain", "ports", "crash", "weakness", "telemetry"]),
    ("providers", &["domain", "ports", "config", "telemetry", "authorities"]),
    ("sandbox", &["domain", "ports", "config", "telemetry", "authorities"]),
    ("webhooks", &["domain", "ports", "config", "telemetry", "authorities"]),
    ("app", &["domain", "ports", "store", "crash", "weakness", "telemetry"]),
    ("worker", &["app", "domain", "ports", "store", "crash", "telemetry"]),
    // The scenarios of the sandbox are part of what a provider says of itself.
    ("graphql", &["app", "domain", "ports", "store", "sandbox", "telemetry"]),
    ("http", &["graphql", "app", "domain", "ports", "config", "telemetry", "authorities"]),
];
/// The only layer that knows SeaORM's entities and the migrations.
const STORE: &str = "store";

/// One line of code that names something of another module.
struct Mention {
    place: String,
    layer: String,
    line: String,
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every line of code under `src` that is no comment.
fn lines() -> Vec<Mention> {
    let mut files = Vec::new();
    collect(&source(), &mut files);
    assert!(files.len() > 100, "the sources were not found");
    files.iter().flat_map(|file| lines_of(file)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn lines_of(file: &Path) -> Vec<Mention> {
    let inside = file.strip_prefix(source()).expect("a file of src");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy();
    let layer = first.strip_suffix(".rs").unwrap_or(&first).to_owned();
    let text = std::fs::read_to_string(file).expect("a source");
    let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.map(|(number, line)| Mention {
        place: format!("src/{}:{}", inside.display(), number + 1),
        layer: layer.clone(),
        line: line.to_owned(),
    })
    .collect()
}

/// The modules of the crate that a line names: `crate::store::…` names `store`.
fn named<'a>(line: &'a str, root: &str) -> BTreeSet<&'a str> {
    let is_part = |byte: char| byte.is_ascii_alphanumeric() || byte == '_';
    let behind = |(at, _): (usize, &str)| {
        let before = line[..at].chars().next_back();
        let name = line[at + root.len()..].split(|letter| !is_part(letter)).next().unwrap_or_default();
        before.is_none_or(|letter| !is_part(letter) && letter != '$' && letter != ':').then_some(name)
    };
    line.match_indices(root).filter_map(behind).collect()
}

#[test]
fn each_layer_uses_only_what_stands_below_it() {
    let lines = lines();
    let modules: BTreeSet<_> = lines.iter().map(|mention| mention.layer.as_str()).collect();
    let mut strays = Vec::new();
    for mention in &lines {
        let Some((_, allowed)) = ALLOWED.iter().find(|(layer, _)| *layer == mention.layer) else { continue };
        for module in named(&mention.line, "crate::") {
            let is_fine = module == mention.layer || allowed.contains(&module) || !modules.contains(module);
            if !is_fine {
                strays.push(format!("{}: {} uses {module}", mention.place, mention.layer));
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn only_the_store_knows_the_entities() {
    let mut strays = Vec::new();
    for mention in lines().iter().filter(|mention| mention.layer != STORE) {
        for root in ["entity::", "migration::", "sea_orm::"] {
            if !named(&mention.line, root).is_empty() {
                strays.push(format!("{}: {}", mention.place, mention.line.trim()));
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn the_rules_know_neither_the_clock_nor_the_world() {
    let mut strays = Vec::new();
    for mention in lines().iter().filter(|mention| mention.layer == "domain") {
        for word in ["SystemTime", "Instant::now", "Timestamp::now", "Zoned::now", "tokio::", "reqwest::", "axum::"] {
            if mention.line.contains(word) {
                strays.push(format!("{}: {}", mention.place, mention.line.trim()));
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn names_behind_a_root_are_found() {
    let found = |line: &'static str| named(line, "crate::").into_iter().collect::<Vec<_>>();
    assert_eq!(found("use crate::store::{Owner, Store};"), ["store"]);
    assert_eq!(found("let id = crate::domain::ids::PaymentId::from(crate::ports::X);"), ["domain", "ports"]);
    assert_eq!(found("macro $crate::store, other_crate::app"), Vec::<&str>::new());
}

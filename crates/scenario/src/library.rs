//! The scenarios of a folder, by name; and those that come with the program, so that it works anywhere.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

use crate::lower::{Options, list, nearest, parse};
use crate::mistake::Mistake;
use crate::overlay::Overlay;
use crate::plan::Plan;

/// The scenarios that come with the program: name and text, in the order of their names.
const BUILTIN: &[(&str, &str)] = &[
    (
        "address-change",
        include_str!("../../../scenarios/address-change.toml"),
    ),
    (
        "cache-flush",
        include_str!("../../../scenarios/cache-flush.toml"),
    ),
    ("canary", include_str!("../../../scenarios/canary.toml")),
    (
        "cart-alone",
        include_str!("../../../scenarios/cart-alone.toml"),
    ),
    (
        "checkout-timeout",
        include_str!("../../../scenarios/checkout-timeout.toml"),
    ),
    (
        "coupon-last-one",
        include_str!("../../../scenarios/coupon-last-one.toml"),
    ),
    (
        "database-failover",
        include_str!("../../../scenarios/database-failover.toml"),
    ),
    (
        "declined-copies",
        include_str!("../../../scenarios/declined-copies.toml"),
    ),
    (
        "doordash-storm",
        include_str!("../../../scenarios/doordash-storm.toml"),
    ),
    (
        "flash-sale",
        include_str!("../../../scenarios/flash-sale.toml"),
    ),
    (
        "free-order",
        include_str!("../../../scenarios/free-order.toml"),
    ),
    (
        "gateway-brownout",
        include_str!("../../../scenarios/gateway-brownout.toml"),
    ),
    (
        "instacart-retry",
        include_str!("../../../scenarios/instacart-retry.toml"),
    ),
    (
        "instacart-retry-once",
        include_str!("../../../scenarios/instacart-retry-once.toml"),
    ),
    (
        "key-alone",
        include_str!("../../../scenarios/key-alone.toml"),
    ),
    (
        "key-reuse",
        include_str!("../../../scenarios/key-reuse.toml"),
    ),
    (
        "kitchen-tickets",
        include_str!("../../../scenarios/kitchen-tickets.toml"),
    ),
    (
        "late-webhook",
        include_str!("../../../scenarios/late-webhook.toml"),
    ),
    (
        "legit-repeat",
        include_str!("../../../scenarios/legit-repeat.toml"),
    ),
    (
        "million-a-day",
        include_str!("../../../scenarios/million-a-day.toml"),
    ),
    (
        "network-retry",
        include_str!("../../../scenarios/network-retry.toml"),
    ),
    (
        "offline-queue",
        include_str!("../../../scenarios/offline-queue.toml"),
    ),
    ("open-api", include_str!("../../../scenarios/open-api.toml")),
    (
        "opening-night",
        include_str!("../../../scenarios/opening-night.toml"),
    ),
    (
        "replica-crash",
        include_str!("../../../scenarios/replica-crash.toml"),
    ),
    (
        "seat-last-one",
        include_str!("../../../scenarios/seat-last-one.toml"),
    ),
    (
        "seven-thirty",
        include_str!("../../../scenarios/seven-thirty.toml"),
    ),
    (
        "sleeping-replicas",
        include_str!("../../../scenarios/sleeping-replicas.toml"),
    ),
    (
        "subway-ride",
        include_str!("../../../scenarios/subway-ride.toml"),
    ),
    (
        "uber-eats-double-click",
        include_str!("../../../scenarios/uber-eats-double-click.toml"),
    ),
    (
        "zomato-gateway-outage",
        include_str!("../../../scenarios/zomato-gateway-outage.toml"),
    ),
];

/// The overlays that come with the program, in the same form.
const OVERLAYS: &[(&str, &str)] = &[(
    "chaos",
    include_str!("../../../scenarios/overlays/chaos.toml"),
)];

/// The scenarios that come with the program: name and text, in the order of their names.
pub fn builtin() -> &'static [(&'static str, &'static str)] {
    BUILTIN
}

/// Where scenarios are looked up by name: in a folder first, then among those that come with the program.
#[derive(Clone, Debug)]
pub struct Library {
    folder: PathBuf,
}

/// A scenario of a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The first sentence of its story; empty if the file cannot be read.
    pub summary: String,
}

/// The plan of a scenario in the folder `scenarios`, of one that comes with the program, or of a file that ends in `.toml`.
///
/// # Errors
/// If there is no such scenario, or the first mistake in it.
pub fn load(path_or_name: &str, options: &Options) -> Result<Plan, Mistake> {
    Library::at("scenarios").load(path_or_name, options)
}

/// The overlay of this name in the folder `scenarios/overlays`, one that comes with the program, or a file that ends in `.toml`.
///
/// # Errors
/// If there is no such overlay.
pub fn overlay(path_or_name: &str) -> Result<Overlay, Mistake> {
    Library::at("scenarios").overlay(path_or_name)
}

impl Library {
    /// The scenarios of a folder, which need not exist.
    pub fn at(folder: impl Into<PathBuf>) -> Library {
        Library {
            folder: folder.into(),
        }
    }

    /// The plan of a scenario, by its name or by the path of a file that ends in `.toml`.
    ///
    /// # Errors
    /// If there is no such scenario, or the first mistake in it.
    pub fn load(&self, path_or_name: &str, options: &Options) -> Result<Plan, Mistake> {
        let (source_name, text) = self.text(path_or_name)?;
        parse(&source_name, &text, options)
    }

    /// How a scenario is called in messages, and its text.
    ///
    /// # Errors
    /// If there is no such scenario.
    pub fn text(&self, path_or_name: &str) -> Result<(String, String), Mistake> {
        Shelf::scenarios(&self.folder).text(path_or_name)
    }

    /// An overlay, by its name or by the path of a file that ends in `.toml`. Whether it has mistakes, a scenario shows.
    ///
    /// # Errors
    /// If there is no such overlay.
    pub fn overlay(&self, path_or_name: &str) -> Result<Overlay, Mistake> {
        let (source_name, text) = Shelf::overlays(&self.folder).text(path_or_name)?;
        Ok(Overlay {
            called: path_or_name.to_owned(),
            source_name,
            text,
        })
    }

    /// Every overlay by name, with the first sentence of what it does.
    pub fn overlays(&self) -> Vec<Entry> {
        Shelf::overlays(&self.folder).list()
    }

    /// Every scenario by name, with the first sentence of its story.
    pub fn list(&self) -> Vec<Entry> {
        Shelf::scenarios(&self.folder).list()
    }
}

/// Files of one kind: in a folder first, then those that come with the program.
struct Shelf {
    /// What is on it, in one word.
    what: &'static str,
    folder: PathBuf,
    builtin: &'static [(&'static str, &'static str)],
}

impl Shelf {
    fn scenarios(folder: &Path) -> Shelf {
        Shelf {
            what: "scenario",
            folder: folder.to_owned(),
            builtin: BUILTIN,
        }
    }

    fn overlays(folder: &Path) -> Shelf {
        Shelf {
            what: "overlay",
            folder: folder.join("overlays"),
            builtin: OVERLAYS,
        }
    }

    /// How a file is called in messages, and its text.
    fn text(&self, path_or_name: &str) -> Result<(String, String), Mistake> {
        let is_path = path_or_name.ends_with(".toml");
        let path = match is_path {
            true => PathBuf::from(path_or_name),
            false => self.folder.join(format!("{path_or_name}.toml")),
        };
        match fs::read(&path) {
            Ok(bytes) => {
                let called = path.display().to_string();
                let text = String::from_utf8(bytes).map_err(|error| not_utf_8(&called, &error))?;
                Ok((called, text))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let mut builtin = self.builtin.iter();
                match builtin.find(|(name, _)| !is_path && *name == path_or_name) {
                    Some((name, text)) => Ok((format!("{name}.toml"), (*text).to_owned())),
                    None => Err(self.missing(path_or_name, is_path)),
                }
            }
            Err(error) => Err(Mistake::nowhere(format!(
                "cannot read `{}`: {error}",
                path.display()
            ))),
        }
    }

    fn list(&self) -> Vec<Entry> {
        let entry = |name: String| {
            let text = self.text(&name).map(|(_, text)| text).unwrap_or_default();
            Entry {
                summary: first_sentence(&text),
                name,
            }
        };
        self.names().into_iter().map(entry).collect()
    }

    /// Every name, in alphabetical order.
    fn names(&self) -> Vec<String> {
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = files
            .filter_map(|file| scenario_name(&file.path()))
            .collect();
        names.extend(self.builtin.iter().map(|(name, _)| (*name).to_owned()));
        names.sort();
        names.dedup();
        names
    }

    fn missing(&self, path_or_name: &str, is_path: bool) -> Mistake {
        let names = self.names();
        let what = self.what;
        if Path::new(path_or_name).is_dir() {
            return Mistake::nowhere(format!("`{path_or_name}` is a folder")).help(format!(
                "expected the name of one {what}, or a file that ends in `.toml`"
            ));
        }
        if Path::new(path_or_name).is_file() {
            return Mistake::nowhere(format!("`{path_or_name}` does not end in `.toml`")).help(
                format!("the file of every {what} does; its name is without the ending"),
            );
        }
        if is_path {
            return Mistake::nowhere(format!("there is no file `{path_or_name}`")).help(format!(
                "{}s by name: {}",
                self.what,
                list(&names)
            ));
        }
        let folder = self.folder.display();
        let file = format!("{path_or_name}.toml");
        let help = match Path::new(&file).is_file() {
            true => format!("did you mean `{file}`?"),
            false => nearest(path_or_name, &names),
        };
        Mistake::nowhere(format!("there is no {what} `{path_or_name}` in `{folder}`")).help(help)
    }
}

/// A file that is not UTF-8.
fn not_utf_8(called: &str, error: &FromUtf8Error) -> Mistake {
    let begin = error.utf8_error().valid_up_to();
    // The text before it is unchanged, so the replacement character stands at the same byte.
    let text = String::from_utf8_lossy(error.as_bytes());
    let place = begin..begin + char::REPLACEMENT_CHARACTER.len_utf8();
    Mistake::at(&place, "this is not UTF-8", "not a character")
        .help("save the file as UTF-8")
        .within(called, &text)
}

/// The name of a scenario file.
fn scenario_name(path: &Path) -> Option<String> {
    let is_toml = path
        .extension()
        .is_some_and(|extension| extension == "toml");
    let stem = path.file_stem()?.to_str()?;
    is_toml.then(|| stem.to_owned())
}

/// The first sentence of the story in a scenario's text, even if the rest of the file has mistakes.
fn first_sentence(text: &str) -> String {
    let Ok(table) = text.parse::<toml::Table>() else {
        return String::new();
    };
    let story = table
        .get("story")
        .and_then(toml::Value::as_str)
        .unwrap_or("");
    let words: Vec<&str> = story.split_whitespace().collect();
    let end = words
        .iter()
        .position(|word| word.ends_with(['.', '!', '?', ':']));
    words[..end.map_or(words.len(), |end| end + 1)].join(" ")
}

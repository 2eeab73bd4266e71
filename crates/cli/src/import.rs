//! `onceproof import`: access logs and dumps become a history on standard output.

use std::path::{Path, PathBuf};

use ::import::format::Reading;
use ::import::format::dialect::Dialect;
use ::import::map::Maps;
use ::import::plan::Text;
use ::import::span::{Anchor, Unit};
use ::import::{Dump, DumpRows, Inputs, Log, LogFormat, Mistakes, Note, Plan, Stop};

use crate::args::{DurationUnit, ImportArgs, LogForm, TimeIs};
use crate::exit::Exit;
use crate::input;
use crate::output::{Output, say};

/// Imports what a command line names.
pub fn run(args: &ImportArgs, output: &mut Output) -> Exit {
    let (plan, inputs) = match prepared(args) {
        Ok(prepared) => prepared,
        Err(problem) => {
            say(&format!("error: {problem}\n"));
            return Exit::Malformed;
        }
    };
    let mut exit = Exit::Ok;
    output.write(
        |stdout| match ::import::run(&plan, inputs, stdout, &mut tell) {
            Ok(()) => Ok(()),
            Err(Stop::Write(error)) => Err(error),
            Err(Stop::Mistakes(mistakes)) => {
                say(&told(&mistakes));
                exit = Exit::Malformed;
                Ok(())
            }
        },
    );
    exit
}

/// The width of the verbs before what is told.
const VERB_WIDTH: usize = 12;

fn tell(note: Note) {
    say(&format!("{:>VERB_WIDTH$} {}\n", note.verb, note.text));
}

/// The mistakes, and how many more there are.
fn told(mistakes: &Mistakes) -> String {
    let shown: Vec<String> = mistakes
        .shown
        .iter()
        .map(|mistake| format!("error: {mistake}\n"))
        .collect();
    let mut text = shown.concat();
    let more = mistakes.count - mistakes.shown.len() as u64;
    if more > 0 {
        text += &format!("error: and {more} more\n");
    }
    if mistakes.count > 1 {
        text += "\nhint: --skip-broken counts broken lines and rows instead\n";
    }
    text
}

/// The plan, and the open files.
fn prepared(args: &ImportArgs) -> Result<(Plan, Inputs), String> {
    let plan = Plan {
        format: format(args)?,
        key: args.key.clone(),
        paths: args.path.clone(),
        methods: args.method.clone(),
        maps: Maps::parse(&args.map).map_err(|mistake| mistake.to_string())?,
        decimal: args.decimal,
        tenant: args.tenant.clone(),
        contract: args.contract.as_deref().map(contract).transpose()?,
        reading: Reading {
            utc_offset: args.utc_offset,
            time_is: args.time_is.map(|end| match end {
                TimeIs::Begin => Anchor::Begin,
                TimeIs::End => Anchor::End,
            }),
            duration_unit: args.duration_unit.map(|unit| match unit {
                DurationUnit::Ns => Unit::Ns,
                DurationUnit::Us => Unit::Us,
                DurationUnit::Ms => Unit::Ms,
                DurationUnit::S => Unit::S,
            }),
        },
        longest: args.longest,
        skew: args.skew,
        snapshot: args.snapshot,
        skip_broken: args.skip_broken,
    };
    let logs = args.requests.iter().map(|path| {
        let text = Text(input::open(path)?);
        Ok(Log {
            name: path.display().to_string(),
            text,
        })
    });
    let inputs = Inputs {
        requests: logs.collect::<Result<_, String>>()?,
        orders: dumps(&args.orders)?,
        charges: dumps(&args.charges)?,
        refunds: dumps(&args.refunds)?,
    };
    Ok((plan, inputs))
}

fn format(args: &ImportArgs) -> Result<LogFormat, String> {
    let own = args.log_format.clone();
    let only = |format: LogFormat| match &own {
        None => Ok(format),
        Some(_) => Err(String::from(
            "--log-format is for nginx, apache and envoy; other formats have one form",
        )),
    };
    match (args.format, &args.pattern) {
        (_, Some(pattern)) => Ok(LogFormat::Pattern(pattern.clone())),
        (Some(LogForm::Nginx) | None, None) => Ok(LogFormat::Text(Dialect::Nginx, own)),
        (Some(LogForm::Apache), None) => Ok(LogFormat::Text(Dialect::Apache, own)),
        (Some(LogForm::Envoy), None) => Ok(LogFormat::Text(Dialect::Envoy, own)),
        (Some(LogForm::Alb), None) => only(LogFormat::Text(Dialect::Alb, None)),
        (Some(LogForm::Caddy), None) => only(LogFormat::Caddy),
        (Some(LogForm::Har), None) => only(LogFormat::Har),
        (Some(LogForm::Otel), None) => only(LogFormat::Otel),
        (Some(LogForm::Jsonl), None) => only(LogFormat::Jsonl),
    }
}

fn contract(path: &Path) -> Result<(String, String), String> {
    let (name, mut text) = (path.display().to_string(), String::new());
    let read = input::open(path)?.read_to_string(&mut text);
    read.map_err(|error| format!("cannot read `{name}`: {error}"))?;
    Ok((name, text))
}

fn dumps(paths: &[PathBuf]) -> Result<Vec<Dump>, String> {
    paths.iter().map(|path| dump(path)).collect()
}

/// Opens a dump: `sqlite:FILE?table`, or a file.
fn dump(path: &Path) -> Result<Dump, String> {
    let name = path.display().to_string();
    let Some(database) = name.strip_prefix("sqlite:") else {
        let text = Text(input::open(path)?);
        return Ok(Dump {
            rows: DumpRows::Text(text),
            name,
        });
    };
    let parts = database
        .split_once('?')
        .filter(|(_, what)| !what.is_empty());
    let (file, what) =
        parts.ok_or_else(|| format!("`{name}` names no table; expected sqlite:FILE?table"))?;
    let rows = DumpRows::Sqlite {
        path: PathBuf::from(file),
        what: what.to_owned(),
    };
    Ok(Dump { rows, name })
}

//! `onceproof trace`: everything that happened to one purchase of a history.

use check::{About, Moment};
use serde_json::{Value, json};

use crate::args::{AboutArgs, TraceArgs};
use crate::exit::Exit;
use crate::output::{Output, say};
use crate::recording;

/// Tells what happened to a purchase.
pub fn run(args: &TraceArgs, output: &mut Output) -> Exit {
    let history = match recording::read(&args.history, false) {
        Ok(history) => history,
        Err(problems) => {
            for problem in problems {
                say(&format!("error: {problem}\n"));
            }
            return Exit::Malformed;
        }
    };
    let (about, kind, name) = about(&args.about);
    let Some(moments) = check::trace(&history, &about) else {
        let called = args.history.display();
        say(&format!(
            "error: {called}: nothing there is of {kind} `{name}`\n"
        ));
        return Exit::Malformed;
    };
    output.print(&match args.json {
        true => format!("{}\n", line(kind, name, &moments)),
        false => report::trace(kind, name, &moments),
    });
    Exit::Ok
}

/// What is traced: as the judge takes it, and in words.
fn about(args: &AboutArgs) -> (About, &'static str, &str) {
    if let Some(intent) = &args.intent {
        (About::Intent(intent.clone()), "intent", intent)
    } else if let Some(key) = &args.key {
        (About::Key(key.clone()), "key", key)
    } else {
        let order = args.order.as_deref().unwrap_or_default();
        (About::Order(order.to_owned()), "order", order)
    }
}

fn line(kind: &str, name: &str, moments: &[Moment]) -> Value {
    let moment =
        |moment: &Moment| json!({ "t": moment.t, "time": moment.time, "text": moment.text });
    let timeline: Vec<Value> = moments.iter().map(moment).collect();
    json!({ kind: name, "timeline": timeline })
}

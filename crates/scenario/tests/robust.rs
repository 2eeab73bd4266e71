//! No text makes the parser or the renderer panic, and no plan that passes makes a load panic.

use explore::Chooser;
use proptest::prelude::*;
use scenario::{Mistake, Plan, Unfold, builtin, parse};

use crate::known::options;

fn survive(text: &str) -> Result<Plan, Mistake> {
    let outcome = parse("any.toml", text, &options(1.0));
    if let Err(mistake) = &outcome {
        assert!(!mistake.to_string().is_empty());
        let rendered = mistake.render();
        assert!(rendered.contains("any.toml"), "{rendered}");
    }
    if let Ok(plan) = &outcome {
        let (mut unfold, mut chooser) = (Unfold::new(plan), Chooser::random(1));
        let first = unfold.next(&mut chooser);
        assert!(first.is_some_and(|intent| intent.at_us < plan.load.over_us));
    }
    outcome
}

/// Words that files are made of, so that mutations are more than syntax errors.
const WORDS: &[&str] = &[
    "\"5s\"",
    "\"-5s\"",
    "\"1.2\"",
    "-1",
    "0",
    "1e308",
    "nan",
    "inf",
    "true",
    "[]",
    "{}",
    "[[fault]]",
    "[load]",
    "= {",
    "}",
    "9223372036854775807",
    "\"\"",
    "\"999999999999d\"",
    "19:30:00",
    "[[[",
    "\"\"\"",
    "\u{7f}",
    "é",
    "uniform",
    "mix",
    "=",
    "\"1/0\"",
    "\"%\"",
    "\n",
    "340282366920938463463374607431768211456",
];

#[test]
fn what_a_terminal_would_obey_is_not_shown_to_it() {
    let mistake = survive("story = \"\u{1b}[31m red \u{7}\"\n").expect_err("no text");
    let rendered = mistake.render();
    assert!(rendered.contains(" red "), "{rendered}");
    let obeyed = rendered.contains(|c: char| c.is_control() && c != '\n');
    assert!(!obeyed, "{rendered:?}");
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
        let _outcome = survive(&text);
    }

    #[test]
    fn no_lines_of_toml_make_the_parser_panic(
        lines in proptest::collection::vec("(\\[{0,2}[a-z]{0,6}\\]{0,2})|([a-z-]{1,8} = [\\[\\]{}a-z0-9\". -]{0,20})", 0..20)
    ) {
        let _outcome = survive(&lines.join("\n"));
    }

    #[test]
    fn no_mutation_of_a_scenario_makes_the_parser_panic(
        file in 0..4_usize,
        edits in proptest::collection::vec((0.0..1.0_f64, 0..12_usize, 0..WORDS.len()), 1..4),
    ) {
        let mut text = builtin()[file].1.to_owned();
        for (place, cut, word) in edits {
            let boundary = |mut at: usize| {
                at = at.min(text.len());
                while !text.is_char_boundary(at) { at -= 1; }
                at
            };
            let start = boundary((place * text.len() as f64) as usize);
            let end = boundary(start + cut).max(start);
            text.replace_range(start..end, WORDS[word]);
        }
        let _outcome = survive(&text);
    }

    #[test]
    fn no_value_in_place_of_another_makes_the_parser_panic(
        file in 0..4_usize,
        line in 0..60_usize,
        word in 0..WORDS.len(),
    ) {
        let text: Vec<String> = builtin()[file].1.lines().enumerate().map(|(n, written)| {
            match written.split_once(" = ") {
                Some((key, _)) if n == line => format!("{key} = {}", WORDS[word]),
                _ => written.to_owned(),
            }
        }).collect();
        let _outcome = survive(&text.join("\n"));
    }
}

//! What a comparison says in sentences and cells, the same in the terminal and in Markdown.

use super::model::{BrokenRule, Comparison, Estimate, Finding, HandlerPoint, Stated, StrategyRow};
use crate::figures::{count, plural, span};
use crate::run::{Metrics, StatusCount};

/// A share of 1 in percent, and never 0 or 100 unless it is that exactly.
pub(crate) fn percent(share: f64) -> String {
    let text = format!("{:.2} %", share * 100.0);
    match text.as_str() {
        "100.00 %" if share < 1.0 => String::from(">99.99 %"),
        "100.00 %" => String::from("100 %"),
        "0.00 %" if share > 0.0 => String::from("<0.01 %"),
        "0.00 %" | "-0.00 %" => String::from("0 %"),
        _ => text,
    }
}

/// A share that may be absent.
pub(crate) fn share(share: Option<f64>) -> String {
    share.map_or(String::from("-"), percent)
}

/// An interval, its ends without a unit.
pub(crate) fn interval(estimate: Option<Estimate>) -> String {
    let ends = estimate.and_then(|estimate| estimate.low.zip(estimate.high));
    let Some((low, high)) = ends else {
        return String::from("-");
    };
    let bare = |share| percent(share).replace(" %", "");
    format!("{} to {}", bare(low), bare(high))
}

/// The same with its measured share.
fn measured(estimate: Option<Estimate>) -> String {
    let share = share(estimate.map(|estimate| estimate.share));
    match interval(estimate).as_str() {
        "-" => share,
        ends => format!("{share} ({ends})"),
    }
}

/// A mean count, such as statements per order.
pub(crate) fn mean(mean: Option<f64>) -> String {
    mean.map_or(String::from("-"), |mean| format!("{mean:.2}"))
}

/// A time that may not have come.
pub(crate) fn when(us: Option<u64>) -> String {
    us.map_or(String::from("-"), span)
}

/// What losers got in a sentence: `201 (1,234 times), nothing (3 times)`.
pub(crate) fn losers_in_words(losers: &[StatusCount]) -> String {
    let one = |loser: &StatusCount| {
        let status = loser
            .status
            .map_or(String::from("nothing"), |status| status.to_string());
        format!("{status} ({})", plural(loser.count, "time", "times"))
    };
    losers.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What losers got in a table: `201 x 1,234, none x 3`.
pub(crate) fn losers(losers: &[StatusCount]) -> String {
    let one = |loser: &StatusCount| {
        let status = loser
            .status
            .map_or(String::from("none"), |status| status.to_string());
        format!("{status} x {}", count(loser.count))
    };
    match losers.is_empty() {
        true => String::from("-"),
        false => losers.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}

/// Where keys came from: in the header, in the body, made of the content. A dash where it is not counted.
pub(crate) fn sources(metrics: &Metrics) -> [String; 3] {
    match metrics.sources() {
        Some(sources) => sources.map(count),
        None => std::array::from_fn(|_| String::from("-")),
    }
}

/// Which rules were broken; with how many seeds, if not with all.
pub(crate) fn broken(row: &StrategyRow, seeds: u64) -> String {
    let one = |broken: &BrokenRule| match broken.seeds == seeds {
        true => broken.rule.clone(),
        false => format!(
            "{} ({} of {})",
            broken.rule,
            count(broken.seeds),
            count(seeds)
        ),
    };
    let rules: Vec<String> = row.broken.iter().map(one).collect();
    match (rules.is_empty(), row.inconclusive_seeds) {
        (true, 0) => String::from("none"),
        (true, some) => format!(
            "none, but {} inconclusive",
            plural(some, "seed is", "seeds are")
        ),
        (false, _) => rules.join(", "),
    }
}

/// How large the comparison is: seeds, scale, purchases.
pub(crate) fn size(comparison: &Comparison) -> String {
    let intents = comparison.strategies.first().map_or(0, |row| row.intents);
    format!(
        "{} from {} at scale {}, {} for each strategy",
        plural(comparison.seeds, "seed", "seeds"),
        comparison.first_seed,
        comparison.scale,
        plural(intents, "purchase", "purchases")
    )
}

/// What is found about a stated figure, in sentences.
pub(crate) fn finding(row: &StrategyRow, stated: &Stated) -> String {
    let found = measured(row.avoided);
    let said = format!(
        "{} is stated to prevent {} of duplicates ({})",
        row.strategy,
        percent(stated.share),
        stated.source
    );
    match stated.finding {
        Finding::NotTested => format!("{said}; here, doing nothing makes no extra order either."),
        Finding::Agrees => format!("{said}; it avoids {found} here. The two agree."),
        Finding::Exceeded => format!("{said}; it avoids {found} here. It does better."),
        Finding::Refuted => format!(
            "{said}; it avoids {found} here. The stated figure does not hold. {}",
            latencies(stated)
        ),
    }
}

/// At which handler latency a refuted figure would hold.
fn latencies(stated: &Stated) -> String {
    let reached = stated.reached_at.map(|place| place as usize);
    let point = |point: &HandlerPoint| {
        let handler = match point.median_us {
            Some(us) => format!("a handler of {} in the median", span(us)),
            None => format!("handlers {} times as slow", point.factor),
        };
        let prevented = share(point.avoided.map(|estimate| estimate.share));
        (handler, prevented)
    };
    match (reached, stated.handlers.last()) {
        (_, None) => String::from("Other latencies were not tried."),
        (Some(place), _) => {
            let (handler, prevented) = point(&stated.handlers[place]);
            let above = place
                .checked_sub(1)
                .map(|place| point(&stated.handlers[place]));
            let above = above.map_or(String::new(), |(handler, prevented)| {
                format!(", and with {handler} {prevented}")
            });
            format!("It would with {handler}: {prevented} there{above}.")
        }
        (None, Some(fastest)) => {
            let (handler, prevented) = point(fastest);
            format!(
                "No handler is fast enough: even with {handler} it is {prevented}, and what still slips through has other causes."
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_100_percent_only_if_it_is_all() {
        for (share, text) in [
            (1.0, "100 %"),
            (0.999_999, ">99.99 %"),
            (0.999, "99.90 %"),
            (0.000_001, "<0.01 %"),
            (0.0, "0 %"),
            (-0.25, "-25.00 %"),
        ] {
            assert_eq!(percent(share), text);
        }
    }

    #[test]
    fn a_refuted_figure_says_at_which_latency_it_would_hold() {
        let point = |factor: f64, share| HandlerPoint {
            factor,
            median_us: Some((factor * 300_000.0) as u64),
            avoided: Some(Estimate {
                share,
                low: None,
                high: None,
            }),
        };
        let mut stated = Stated {
            share: 0.95,
            source: String::from("a page"),
            finding: Finding::Refuted,
            handlers: vec![point(1.0, 0.5), point(0.1, 0.9), point(0.01, 0.97)],
            reached_at: Some(2),
        };
        assert_eq!(
            latencies(&stated),
            "It would with a handler of 3ms in the median: 97.00 % there, and with a handler of 30ms in the median 90.00 %."
        );
        stated.reached_at = None;
        assert_eq!(
            latencies(&stated),
            "No handler is fast enough: even with a handler of 3ms in the median it is 97.00 %, and what still slips through has other causes."
        );
    }
}

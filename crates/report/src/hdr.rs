//! Latencies in the formats of HdrHistogram's tools: the percentile distribution (`.hgrm`), and the interval log in the V2 form.

use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use crate::latency::{Histograms, OutcomeClass};

/// How many lines the distribution has between one and one half as far from the end: what the tools use by default.
const TICKS_PER_HALF_DISTANCE: u32 = 5;

/// The percentile distribution of a histogram in microseconds, with values in milliseconds: what the HdrHistogram plotter reads.
pub fn hgrm(histogram: &Histogram<u64>) -> String {
    let mut text = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    let mut total = 0;
    for step in histogram.iter_quantiles(TICKS_PER_HALF_DISTANCE) {
        total += step.count_since_last_iteration();
        let (value, quantile) = (ms(step.value_iterated_to()), step.quantile_iterated_to());
        let line = if quantile < 1.0 {
            let inverse = 1.0 / (1.0 - quantile);
            writeln!(
                text,
                "{value:>12.3} {quantile:>14.12} {total:>10} {inverse:>14.2}"
            )
        } else {
            writeln!(text, "{value:>12.3} {quantile:>14.12} {total:>10}")
        };
        line.expect("a string takes everything");
    }
    let (mean, deviation) = (histogram.mean() / 1e3, histogram.stdev() / 1e3);
    let (max, count) = (ms(histogram.max()), histogram.len());
    let (buckets, halves) = (
        histogram.buckets(),
        histogram.distinct_values() / (usize::from(histogram.buckets()) + 1),
    );
    text + &format!(
        "#[Mean    = {mean:>12.3}, StdDeviation   = {deviation:>12.3}]\n\
         #[Max     = {max:>12.3}, Total count    = {count:>12}]\n\
         #[Buckets = {buckets:>12}, SubBuckets     = {:>12}]\n",
        halves * 2
    )
}

fn ms(us: u64) -> f64 {
    us as f64 / 1e3
}

/// The interval log of a run: one histogram per outcome, each with its tag, over the whole of the virtual time.
///
/// # Panics
/// Never: a vector takes everything, and the histograms are far from the largest that the form allows.
pub fn hlog(histograms: &Histograms, virtual_us: u64) -> String {
    let mut log = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut builder = IntervalLogWriterBuilder::new();
    builder
        .add_comment("[Histogram log format version 1.3]")
        .add_comment("[Values are microseconds of virtual time; the interval's maximum is shown in milliseconds]")
        .with_max_value_divisor(1e3);
    let mut writer = builder
        .begin_log_with(&mut log, &mut serializer)
        .expect("a vector takes everything");
    for class in OutcomeClass::ALL {
        let histogram = histograms.of(class);
        if !histogram.is_empty() {
            let tag = Tag::new(class.name());
            let span = Duration::from_micros(virtual_us);
            writer
                .write_histogram(histogram, Duration::ZERO, span, tag)
                .expect("a small histogram has a V2 form");
        }
    }
    String::from_utf8(log).expect("base64 and digits are text")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    fn some() -> Histograms {
        let mut histograms = Histograms::default();
        for us in (1..=1_000).map(|i| i * 997) {
            histograms.record(OutcomeClass::Created, us);
        }
        histograms.record(OutcomeClass::Replayed, 40_000);
        histograms
    }

    #[test]
    fn a_distribution_ends_with_every_value_counted() {
        let text = hgrm(some().of(OutcomeClass::Created));
        let last = text.lines().rfind(|line| !line.starts_with('#')).unwrap();
        let columns: Vec<&str> = last.split_whitespace().collect();
        assert_eq!(columns[1..], ["1.000000000000", "1000"], "{text}");
        assert!(text.starts_with("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"));
        assert!(text.contains("#[Buckets ="), "{text}");
    }

    /// Base64 as HdrHistogram's tools write it (RFC 4648, with padding).
    fn from_base64(text: &str) -> Vec<u8> {
        let digits = text.trim_end_matches('=').bytes().map(|c| match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            other => panic!("not a digit: {other}"),
        });
        let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
        for digit in digits {
            held = held << 6 | u32::from(digit);
            bits += 6;
            if bits >= 8 {
                bits -= 8;
                bytes.push((held >> bits) as u8);
                held &= (1 << bits) - 1;
            }
        }
        bytes
    }

    #[test]
    fn a_log_gives_each_outcome_back() {
        let histograms = some();
        let log = hlog(&histograms, 60_000_000);
        let entries: Vec<LogEntry<'_>> = IntervalLogIterator::new(log.as_bytes())
            .map(|entry| entry.expect("the log is well-formed"))
            .collect();
        let tags = entries.iter().filter_map(|entry| match entry {
            LogEntry::Interval(interval) => Some((interval.tag()?.as_str(), interval)),
            _ => None,
        });
        let tags: Vec<_> = tags.collect();
        assert_eq!(
            tags.iter().map(|(tag, _)| *tag).collect::<Vec<_>>(),
            ["created", "replayed"]
        );
        for (class, (_, interval)) in [OutcomeClass::Created, OutcomeClass::Replayed]
            .into_iter()
            .zip(&tags)
        {
            let bytes = from_base64(interval.encoded_histogram());
            let back: Histogram<u64> = Deserializer::new()
                .deserialize(&mut bytes.as_slice())
                .expect("the log has the V2 form");
            let recorded = histograms.of(class);
            assert_eq!((back.len(), back.max()), (recorded.len(), recorded.max()));
            assert!(back == *recorded, "{}", class.name());
            assert_eq!(interval.duration(), Duration::from_secs(60));
        }
    }

    #[test]
    fn nothing_recorded_is_a_file_all_the_same() {
        let histograms = Histograms::default();
        assert!(hgrm(histograms.of(OutcomeClass::Refused)).contains("Total count"));
        assert!(
            hlog(&histograms, 1)
                .lines()
                .all(|line| line.starts_with('#'))
        );
    }
}

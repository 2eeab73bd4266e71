//! The progress of a run: a bar on a terminal, plain lines now and then elsewhere; and Ctrl-C.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use runner::{Control, Progress, Watcher};

use crate::exit;
use crate::output::say;

/// The shortest time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// Set when Ctrl-C is pressed.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens for Ctrl-C: the first asks for an end, the second ends the program.
    pub fn on_interrupt() -> Stop {
        let stop = Stop::default();
        let set = stop.clone();
        let handler = move || {
            if set.0.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(exit::INTERRUPTED));
            }
        };
        if let Err(error) = ctrlc::set_handler(handler) {
            say(&format!(
                "warning: Ctrl-C will end the program without a message: {error}\n"
            ));
        }
        stop
    }

    /// Whether an end was asked for.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Asks for an end.
    pub fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What is shown of a scenario's runs.
#[derive(Debug)]
pub struct View {
    stop: Stop,
    begun: Instant,
    name: String,
    starts_at_us: u64,
    seeds: u64,
    timeout: Option<Duration>,
    done: AtomicU64,
    show: Show,
}

#[derive(Debug)]
enum Show {
    Nothing,
    Bar(ProgressBar),
    Lines(Mutex<Instant>),
}

impl View {
    /// Watches a number of runs of a scenario.
    pub fn new(
        plan: &scenario::Plan,
        seeds: u64,
        timeout: Option<Duration>,
        quiet: bool,
        stop: Stop,
    ) -> View {
        let begun = Instant::now();
        let length = if seeds == 1 { plan.load.intents } else { seeds };
        View {
            stop,
            begun,
            name: plan.name.clone(),
            starts_at_us: plan.load.starts_at_us,
            seeds,
            timeout,
            done: AtomicU64::new(0),
            show: match (quiet, std::io::stderr().is_terminal()) {
                (true, _) => Show::Nothing,
                (false, true) => Show::Bar(bar(length, &plan.name)),
                (false, false) => Show::Lines(Mutex::new(begun)),
            },
        }
    }

    /// Counts `more` finished seeds, and shows the progress.
    pub fn finished(&self, more: u64) {
        let done = self.done.fetch_add(more, Ordering::Relaxed) + more;
        if self.seeds > 1 {
            self.show(done, self.seeds, || {
                let rate = done as f64 / self.seconds().max(1e-9);
                format!("run {done} of {}, {rate:.1} runs/s", self.seeds)
            });
        }
    }

    /// Removes the bar, so that the report stands alone.
    pub fn close(&self) {
        if let Show::Bar(bar) = &self.show {
            bar.finish_and_clear();
        }
    }

    fn show(&self, position: u64, length: u64, message: impl Fn() -> String) {
        match &self.show {
            Show::Nothing => {}
            Show::Bar(bar) => {
                bar.set_position(position);
                bar.set_message(message());
            }
            Show::Lines(last) => {
                let mut last = last.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                if last.elapsed() >= LINE_EVERY {
                    *last = Instant::now();
                    let percent = position * 100 / length.max(1);
                    say(&format!(
                        "{:>12} {}, {percent} %, {}\n",
                        "Playing",
                        self.name,
                        message()
                    ));
                }
            }
        }
    }
}

impl Watcher for View {
    fn look(&self, _seed: u64, progress: Progress) -> Control {
        if self.seeds == 1 {
            self.show(progress.intents, progress.intents_total, || {
                let rate = progress.orders as f64 / self.seconds().max(1e-9);
                let clock = report::clock(self.starts_at_us + progress.now_us);
                format!("{clock}, {} orders/s", report::count(rate as u64))
            });
        }
        self.goes_on()
    }

    fn judging(&self, _seed: u64) {
        if let (1, Show::Bar(bar)) = (self.seeds, &self.show) {
            bar.set_message("judging");
        }
    }

    fn goes_on(&self) -> Control {
        match self.stop.is_set() {
            true => Control::Stop,
            false => Control::Go,
        }
    }

    fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    fn seconds_max(&self) -> Option<f64> {
        self.timeout.map(|timeout| timeout.as_secs_f64())
    }
}

fn bar(length: u64, name: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{prefix:>12} [{bar:32}] {percent:>3} %  {msg}")
        .expect("the template is well-formed")
        .progress_chars("=> ");
    bar.set_style(style);
    bar.set_prefix(name.to_owned());
    bar
}

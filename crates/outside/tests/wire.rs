//! Customers in a world that is no simulation: a list of answers. Whatever carries their requests, they do the same.

use std::cell::{Cell, RefCell};
use std::future::ready;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use explore::Chooser;
use history::{Contract, IntentRef, Label, Names, Recorder};
use outside::{
    Attempt, Desk, Devices, Handles, Manners, Outcome, Purchases, Schedule, Script, Visit, Wire,
};
use protocol::{Button, IdempotencyKey, Problem, Response};
use scenario::{Known, Options, Scale};

const KEY_TTL_US: u64 = 86_400_000_000;

/// Answers each request with the next of a list, at once; the last answer serves for all further ones.
struct Answers {
    script: Script,
    handles: Handles,
    shared: RefCell<(Chooser, Recorder, Devices)>,
    answers: Vec<Outcome>,
    sent: RefCell<Vec<Attempt>>,
    slept_us: Cell<u64>,
}

impl Wire for Answers {
    fn script(&self) -> &Script {
        &self.script
    }

    fn exchange(&self, attempt: Attempt) -> impl Future<Output = Outcome> {
        let mut sent = self.sent.borrow_mut();
        let last = self.answers.len() - 1;
        let outcome = self.answers[sent.len().min(last)];
        sent.push(attempt);
        ready(outcome)
    }

    fn sleep(&self, span_us: u64) -> impl Future<Output = ()> {
        self.slept_us.set(self.slept_us.get() + span_us);
        ready(())
    }

    fn at_desk<R>(&self, work: impl FnOnce(&mut Desk<'_>) -> R) -> R {
        let (chooser, recorder, devices) = &mut *self.shared.borrow_mut();
        work(&mut Desk {
            chooser,
            recorder,
            devices,
            handles: &self.handles,
            under_load: true,
        })
    }

    fn left_app(&self, _intent: IntentRef) {}
}

/// Lets every visit happen at once.
struct AtOnce<'w>(&'w Answers);

impl Schedule for AtOnce<'_> {
    fn load_at(&mut self, _at_us: u64) {}

    fn come(&mut self, visit: Visit, _after_us: u64) {
        let mut visit = pin!(self.0.script.visit(self.0, visit));
        let poll = visit.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(poll, Poll::Ready(()), "every answer is there at once");
    }
}

/// One purchase by such a client, whose requests are answered so.
fn buy(client: &str, answers: &[Outcome]) -> Answers {
    let text = format!(
        r#"
        story = "A test."
        strategy = "any"
        [shop]
        [[shop.sku]]
        name = "burger"
        price = "15.00"
        stock = 10
        [[shop.basket]]
        lines = {{ burger = 2 }}
        [load]
        intents = 1
        over = "1min"
        [[client]]
        name = "app"
        {client}
        "#
    );
    let options = Options {
        scale: Scale::FULL,
        overlay: None,
        known: Known {
            strategies: vec!["any".into()],
            ..Known::default()
        },
    };
    let plan =
        scenario::parse("test.toml", &text, &options).unwrap_or_else(|e| panic!("{}", e.render()));
    let mut names = Names::default();
    let script = Script::new(&plan, KEY_TTL_US, &mut names);
    let wire = Answers {
        handles: Handles::new(&script.menu),
        script,
        shared: RefCell::new((
            Chooser::random(1),
            Recorder::with_names(Contract::default(), names),
            Devices::default(),
        )),
        answers: answers.to_vec(),
        sent: RefCell::default(),
        slept_us: Cell::new(0),
    };
    let manners = Manners {
        button: Button::Plain,
        brings_key: false,
    };
    let mut purchases = Purchases::new(&wire.script, manners);
    purchases.await_next(&wire, &mut AtOnce(&wire));
    purchases.go_on(&wire, u64::MAX, &mut AtOnce(&wire));
    assert!(purchases.are_done());
    wire
}

fn refused(status: u16, problem: Problem) -> Outcome {
    Outcome::Answered(Response::refused(status, problem))
}

#[test]
fn a_client_retries_under_its_key_until_it_is_answered() {
    let unavailable = refused(503, Problem::Unavailable);
    let declined = refused(402, Problem::PaymentDeclined);
    let client = r#"
        key = "per-intent"
        retry = { max = 5, on = ["reset", "unavailable"], wait = "2s" }
    "#;
    let wire = buy(client, &[Outcome::Reset, unavailable, declined]);
    let sent = wire.sent.borrow();
    assert_eq!(sent.len(), 3, "what was declined is not tried again");
    assert!(
        sent.iter()
            .all(|attempt| attempt.request.key == sent[0].request.key)
    );
    assert!(sent[0].request.key.is_some());
    assert_eq!(wire.slept_us.get(), 2 * 2_000_000);
}

#[test]
fn a_client_without_retries_sends_once() {
    let wire = buy(r#"key = "per-intent""#, &[Outcome::TimedOut]);
    assert_eq!(wire.sent.borrow().len(), 1);
}

#[test]
fn a_second_tap_is_a_request_of_its_own_for_the_same_purchase() {
    let client = r#"
        key = "per-tap"
        taps = [{}, { after = "100ms" }]
    "#;
    let wire = buy(client, &[Outcome::Reset]);
    let sent = wire.sent.borrow();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].invoke.intent, sent[1].invoke.intent);
    assert_ne!(sent[0].request.key, sent[1].request.key);
    assert!(sent[0].header.is_none(), "the header is just the key");
    let shared = wire.shared.borrow();
    assert!(shared.1.history().coverage.count(Label::DoubleClick) > 0);
}

#[test]
fn a_header_that_is_not_just_the_key_is_carried_as_it_is_written() {
    let padded = buy(
        "key = \"per-intent\"\nkey-form = \"padded\"",
        &[Outcome::Reset],
    );
    let malformed = buy(
        "key = \"per-intent\"\nkey-form = \"malformed\"",
        &[Outcome::Reset],
    );
    let (padded, malformed) = (&padded.sent.borrow()[0], &malformed.sent.borrow()[0]);
    let header = |attempt: &Attempt| attempt.header.clone().expect("it is not just the key");
    let read = IdempotencyKey::from_header(&header(padded)).expect("padding changes no key");
    assert_eq!(Some(read), padded.request.key);
    let error = IdempotencyKey::from_header(&header(malformed)).expect_err("it names no key");
    assert_eq!(
        (Some(error), None),
        (malformed.malformed, malformed.request.key.clone())
    );
}

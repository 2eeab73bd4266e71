//! How an attempt ended, as the history has it: what the client knows to be done is `ok`, to be refused `fail`, anything else `info`.

use history::{Completion, Label, OrderRef, Recorder};
use protocol::{Problem, Response};

/// The code of an attempt whose connection broke.
pub const CODE_RESET: &str = "reset";
/// The code of an attempt that its client gave up.
pub const CODE_TIMEOUT: &str = "timeout";
/// The code of an attempt whose app died.
pub const CODE_DIED: &str = "client died";

/// How an attempt ended for its client.
#[derive(Clone, Copy, Debug)]
pub enum End<'a> {
    /// It was answered.
    Answered(Heard<'a>),
    /// The connection broke.
    Reset,
    /// The client stopped waiting.
    TimedOut,
    /// The app died while it waited.
    Died,
}

/// An answer as a client reads it.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// What it says.
    pub response: &'a Response,
    /// The order that it names, if it names one, and a digest of the body that a repetition must repeat.
    pub body: Option<(OrderRef, u64)>,
    /// What it says of itself: whether it is a repetition. `None` if it says nothing of that.
    pub replayed: Option<bool>,
}

/// Writes down how an attempt ended, at a time in microseconds.
pub fn conclude(recorder: &mut Recorder, now_us: u64, process: u32, end: End<'_>) {
    let code = match end {
        End::Answered(heard) => return answered(recorder, now_us, process, heard),
        End::Reset => CODE_RESET,
        End::TimedOut => CODE_TIMEOUT,
        End::Died => CODE_DIED,
    };
    let completion = Completion {
        code: Some(recorder.code(code)),
        ..Completion::default()
    };
    recorder.info(now_us, process, completion);
}

fn answered(recorder: &mut Recorder, now_us: u64, process: u32, heard: Heard<'_>) {
    let answer = heard.response;
    let mut completion = Completion {
        status: Some(answer.status),
        ..Completion::default()
    };
    completion.code = answer.problem.map(|problem| recorder.code(problem.code()));
    if let Some((order, digest)) = heard.body {
        completion.order = Some(order);
        completion.response = Some(recorder.response(order, digest));
    }
    match answer.status {
        200..300 if answer.problem.is_none() => {
            completion.replayed = heard.replayed;
            if answer.replayed {
                recorder.cover(Label::ReplayServed);
            }
            recorder.ok(now_us, process, completion);
        }
        // Accepted, because its twin is being worked on: not a refusal.
        202 if answer.problem == Some(Problem::InProgress) => {
            cover_refusal(recorder, answer.problem);
            recorder.ok(now_us, process, completion);
        }
        0..500 => {
            cover_refusal(recorder, answer.problem);
            recorder.fail(now_us, process, completion);
        }
        _ => recorder.info(now_us, process, completion),
    }
}

fn cover_refusal(recorder: &mut Recorder, problem: Option<Problem>) {
    match problem {
        Some(Problem::InProgress) => recorder.cover(Label::InFlightRefused),
        Some(Problem::CouponUsed) => recorder.cover(Label::CouponUsed),
        Some(Problem::OutOfStock) => recorder.cover(Label::OutOfStock),
        Some(Problem::PaymentDeclined) => recorder.cover(Label::Declined),
        _ => {}
    }
}

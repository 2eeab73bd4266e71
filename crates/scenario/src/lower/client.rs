//! The kinds of client: shares, taps, retries and backoff.

use std::ops::Range;

use explore::Distribution;

use super::delay::delay_at;
use super::value::whole;
use super::{Lowering, plan};
use crate::file::{
    AppCrash, At, Backoff, Channel, Client, KeyForm, KeyReuse, KeyWord, Load, Retry, RetryOn,
    ReuseBy, Tap, Waits,
};
use crate::mistake::Mistake;

/// The maximum number of retries; more are taken for a mistake.
const RETRIES_MAX: i64 = 100;

impl Lowering<'_> {
    pub(super) fn clients(
        &self,
        written: &[At<Client>],
        load: &At<Load>,
        shop: &plan::Shop,
    ) -> Result<Vec<plan::ClientPlan>, Mistake> {
        if written.is_empty() {
            return Err(Mistake::at(
                &load.span,
                "no `[[client]]` is defined",
                "this load has no client",
            )
            .help("add `[[client]]` with a `name`"));
        }
        let shares = self.shares(written)?;
        let mut clients: Vec<plan::ClientPlan> = Vec::new();
        for (client, share) in written.iter().zip(shares) {
            let At { span, value: name } = &client.value.name;
            if name.is_empty() {
                return Err(Mistake::at(span, "a client needs a name", "empty"));
            }
            if clients.iter().any(|other| other.name == *name) {
                let message = format!("the client `{name}` is declared twice");
                return Err(Mistake::at(span, message, "has this name too"));
            }
            clients.push(self.client(&client.value, share, shop)?);
        }
        Ok(clients)
    }

    /// The shares: they add up to 1, or one client omits its own and gets the rest.
    fn shares(&self, written: &[At<Client>]) -> Result<Vec<f64>, Mistake> {
        let share = |client: &At<Client>| {
            let share = client.value.share.as_ref();
            share.map(|share| self.chance(share)).transpose()
        };
        let shares: Vec<Option<f64>> = written.iter().map(share).collect::<Result<_, _>>()?;
        let sum: f64 = shares.iter().flatten().sum();
        let without = shares.iter().filter(|share| share.is_none()).count();
        let fits = match without {
            0 => (sum - 1.0).abs() <= 1e-9,
            1 => sum < 1.0,
            _ => false,
        };
        if fits {
            return Ok(shares
                .into_iter()
                .map(|share| share.unwrap_or(1.0 - sum))
                .collect());
        }
        if without > 1 {
            let nth = shares.iter().rposition(Option::is_none).unwrap_or(0);
            let place = &written[nth].value.name.span;
            return Err(
                Mistake::at(place, "more than one client has no share", "has no share")
                    .help("one client may leave its share out, and gets the rest"),
            );
        }
        let last = written
            .iter()
            .rev()
            .find_map(|client| client.value.share.as_ref());
        let place = last.map_or(&written[0].span, |share| &share.span);
        let sum = (sum * 1e9).round() / 1e9;
        Err(Mistake::at(
            place,
            format!("the clients' shares add up to {sum}"),
            if without == 1 {
                "leaves nothing for the client without a share"
            } else {
                "the last of the shares"
            },
        )
        .help("shares add up to 1; one client may leave its own out, and gets the rest"))
    }

    fn client(
        &self,
        client: &Client,
        share: f64,
        shop: &plan::Shop,
    ) -> Result<plan::ClientPlan, Mistake> {
        let timeout = client.timeout.as_ref();
        let taps = client.taps.as_ref();
        let retry = client.retry.as_ref();
        let rush = |written: &Option<At<_>>| {
            let written = written.as_ref();
            written.map(|rush| self.rush(rush)).transpose()
        };
        let channel = client.second_channel.as_ref();
        let crash = client.crash.as_ref();
        Ok(plan::ClientPlan {
            name: client.name.value.clone(),
            share,
            key: match client.key {
                None | Some(KeyWord::None) => plan::KeyPolicy::None,
                Some(KeyWord::PerIntent) => plan::KeyPolicy::PerIntent,
                Some(KeyWord::PerTap) => plan::KeyPolicy::PerTap,
                Some(KeyWord::PerAttempt) => plan::KeyPolicy::PerAttempt,
            },
            key_form: key_form(client)?,
            key_reuse: self.key_reuse(client, shop)?,
            timeout_us: timeout.map(|length| self.some_length(length)).transpose()?,
            taps: taps.map_or_else(|| Ok(vec![at_once()]), |taps| self.taps(taps))?,
            retry: retry.map(|retry| self.retry(retry)).transpose()?,
            second_tab: rush(&client.second_tab)?,
            second_channel: channel.map(|channel| self.channel(channel)).transpose()?,
            edited_cart: match &client.edited_cart {
                Some(edited) => {
                    needs_another_cart(&edited.span, shop)?;
                    Some(self.rush(edited)?)
                }
                None => None,
            },
            reserialised: match &client.reserialised {
                Some(chance) => {
                    can_be_rewritten(&chance.span, shop)?;
                    self.chance(chance)?
                }
                None => 0.0,
            },
            offline: rush(&client.offline)?,
            crash: crash.map(|crash| self.app_crash(crash)).transpose()?,
        })
    }

    fn key_reuse(
        &self,
        client: &Client,
        shop: &plan::Shop,
    ) -> Result<Vec<plan::KeyReuse>, Mistake> {
        let lower = |reuse: &At<KeyReuse>| {
            if !matches!(client.key, Some(KeyWord::PerIntent)) {
                let message = "a purchase of this client has no key of its own";
                return Err(Mistake::at(&reuse.span, message, "nothing to send again")
                    .help("write `key = \"per-intent\"`"));
            }
            let KeyReuse { by, chance, after } = &reuse.value;
            let missing = match by.value {
                ReuseBy::AnotherTenant if shop.tenants < 2 => "tenants = 2",
                ReuseBy::AnotherUser if shop.users == Some(1) => "users = 2",
                _ => "",
            };
            if !missing.is_empty() {
                let message = "there is only one to use the key";
                return Err(Mistake::at(&by.span, message, "needs another")
                    .help(format!("write `{missing}` or more under `[shop]`")));
            }
            if by.value == ReuseBy::SameUser {
                needs_another_cart(&by.span, shop)?;
            }
            Ok(plan::KeyReuse {
                by: by.value,
                rush: plan::Rush {
                    chance: self.chance(chance)?,
                    after: self.delay(after)?,
                },
            })
        };
        client.key_reuse.iter().map(lower).collect()
    }

    fn taps(&self, written: &At<Vec<At<Tap>>>) -> Result<Vec<plan::Tap>, Mistake> {
        if let Some(tap) = written.value.get(plan::TAPS_MAX) {
            let message = format!("{} taps of one button", written.value.len());
            let label = format!("at most {} are allowed", plan::TAPS_MAX);
            return Err(Mistake::at(&tap.span, message, label)
                .help("repeated requests that a program sends belong in `retry`"));
        }
        let taps = written.value.iter().map(|tap| self.tap(&tap.value));
        let taps: Vec<plan::Tap> = taps.collect::<Result<_, _>>()?;
        match (taps.first(), written.value.first()) {
            (Some(tap), Some(place)) if tap.chance < 1.0 => {
                let chance = place.value.chance.as_ref();
                let place = chance.map_or(&place.span, |chance| &chance.span);
                Err(Mistake::at(place, "the first tap always happens", "its chance is 1")
                    .help("leave the chance out: an intent begins with its first tap"))
            }
            (None, _) => Err(Mistake::at(&written.span, "the list of taps is empty", "needs a tap")
                .help("leave `taps` out for one tap, or write `taps = [{}, { chance = 0.05, after = \"2s\" }]`")),
            _ => Ok(taps),
        }
    }

    fn tap(&self, tap: &Tap) -> Result<plan::Tap, Mistake> {
        let chance = tap.chance.as_ref();
        let after = tap.after.as_ref();
        let uplink = tap.uplink.as_ref();
        Ok(plan::Tap {
            chance: chance.map_or(Ok(1.0), |chance| self.chance(chance))?,
            after: after.map_or_else(|| Ok(plan::Delay::constant(0)), |d| self.delay(d))?,
            uplink: uplink.map(|uplink| self.delay(uplink)).transpose()?,
        })
    }

    fn retry(&self, written: &At<Retry>) -> Result<plan::Retry, Mistake> {
        let retry = &written.value;
        let max = whole(&retry.max, "the number of retries", 1..=RETRIES_MAX)? as u32;
        let on = &retry.on.value;
        if on.is_empty() {
            return Err(Mistake::at(
                &retry.on.span,
                "this client never retries",
                "no outcome to retry",
            )
            .help("write `on = [\"reset\", \"timeout\"]`, or leave `retry` out"));
        }
        let wait = match (&retry.wait, &retry.backoff) {
            (Some(waits), None) => self.waits(waits)?,
            (None, Some(backoff)) => self.backoff(&backoff.value, max)?,
            (wait, _) => {
                let place = wait.as_ref().map_or(&written.span, |wait| &wait.span);
                return Err(Mistake::at(place, "a retry needs one kind of wait", "either `wait` or `backoff`")
                    .help("write `wait = \"1s\"`, or `backoff = { first = \"1s\", factor = 2, jitter = 0.5, cap = \"60s\" }`"));
            }
        };
        Ok(plan::Retry {
            max,
            wait,
            on_reset: on.contains(&RetryOn::Reset),
            on_timeout: on.contains(&RetryOn::Timeout),
            on_unavailable: on.contains(&RetryOn::Unavailable),
            on_in_progress: on.contains(&RetryOn::InProgress),
            on_key_reused: on.contains(&RetryOn::KeyReused),
        })
    }

    /// The channel retries until it has an answer.
    fn channel(&self, written: &At<Channel>) -> Result<plan::Retry, Mistake> {
        let Channel { max, wait } = &written.value;
        Ok(plan::Retry {
            max: whole(max, "the number of the channel's requests", 1..=RETRIES_MAX)? as u32,
            wait: self.waits(wait)?,
            on_reset: true,
            on_timeout: true,
            on_unavailable: true,
            on_in_progress: true,
            on_key_reused: false,
        })
    }

    fn waits(&self, written: &At<Waits>) -> Result<Vec<plan::Delay>, Mistake> {
        match &written.value {
            Waits::One(delay) => Ok(vec![delay_at(delay, &written.span, self.source)?]),
            Waits::Each(delays) if delays.is_empty() => Err(Mistake::at(
                &written.span,
                "a list of waits needs a wait",
                "empty",
            )),
            Waits::Each(delays) => delays.iter().map(|delay| self.delay(delay)).collect(),
        }
    }

    /// The k-th wait lies anywhere around `first` times `factor` to the k. Multiplications only, so the bits are the same everywhere.
    fn backoff(&self, backoff: &Backoff, max: u32) -> Result<Vec<plan::Delay>, Mistake> {
        let first = self.some_length(&backoff.first)?;
        let cap = backoff.cap.as_ref();
        let cap = cap.map_or(Ok(YEAR_US), |cap| self.some_length(cap))?;
        let jitter = backoff.jitter.as_ref();
        let jitter = jitter.map_or(Ok(0.0), |share| self.chance(share))?;
        let factor = match &backoff.factor {
            Some(factor) if !(1.0..=100.0).contains(&factor.value) => {
                let message = format!("the factor is {}", factor.value);
                return Err(Mistake::at(
                    &factor.span,
                    message,
                    "expected a number from 1 to 100",
                ));
            }
            Some(factor) => factor.value,
            None => 2.0,
        };
        let mut middle = first as f64;
        let mut waits = Vec::new();
        for _ in 0..max {
            let around = middle.min(cap as f64);
            let (low, high) = (around * (1.0 - jitter), around * (1.0 + jitter));
            let (low, high) = (low.round() as u64, high.round() as u64);
            waits.push(plan::Delay::of(match low == high {
                true => Distribution::Constant(low),
                false => Distribution::Uniform(low, high),
            }));
            middle *= factor;
        }
        Ok(waits)
    }

    fn app_crash(&self, written: &At<AppCrash>) -> Result<plan::AppCrash, Mistake> {
        let chance = self.chance(&written.value.chance)?;
        if chance >= 1.0 {
            let place = &written.value.chance.span;
            return Err(
                Mistake::at(place, "the app dies in every attempt", "its chance is 1").help(
                    "it would never receive an answer; write a chance below 1, such as `0.5`",
                ),
            );
        }
        Ok(plan::AppCrash {
            chance,
            back_after: self.delay(&written.value.back_after)?,
            key_persisted: written.value.key_persisted.unwrap_or(true),
        })
    }
}

fn key_form(client: &Client) -> Result<KeyForm, Mistake> {
    match (&client.key_form, client.key) {
        (None, _) => Ok(KeyForm::Plain),
        (Some(form), None | Some(KeyWord::None)) => {
            Err(
                Mistake::at(&form.span, "this client sends no key", "nothing to spell")
                    .help("write `key = \"per-intent\"`, `\"per-tap\"` or `\"per-attempt\"`"),
            )
        }
        (Some(form), _) => Ok(form.value),
    }
}

/// There must be two baskets, so that there is another cart.
fn needs_another_cart(span: &Range<usize>, shop: &plan::Shop) -> Result<(), Mistake> {
    match shop.baskets.len() {
        0 | 1 => Err(
            Mistake::at(span, "all carts are the same", "needs a second basket")
                .help("add a second `[[shop.basket]]`"),
        ),
        _ => Ok(()),
    }
}

/// A content can be serialised differently if it has two lines, or a line that can be split.
fn can_be_rewritten(span: &Range<usize>, shop: &plan::Shop) -> Result<(), Mistake> {
    let can = |basket: &plan::Basket| {
        basket.lines.len() > 1 || basket.lines.iter().any(|(_, quantity)| *quantity > 1)
    };
    match shop.baskets.iter().any(can) {
        true => Ok(()),
        false => Err(Mistake::at(
            span,
            "no cart can be written in two ways",
            "every cart is a single unit",
        )
        .help("add a `[[shop.basket]]` with two lines, or with two of one thing")),
    }
}

/// A backoff without a cap stops growing here.
const YEAR_US: u64 = 366 * 86_400_000_000;

/// The only tap of a client that has nothing to say about taps.
fn at_once() -> plan::Tap {
    plan::Tap {
        chance: 1.0,
        after: plan::Delay::constant(0),
        uplink: None,
    }
}

//! Weakened judges: each place in a rule that a mutant may weaken is named there, and here each is switched on in turn. A mutant that
//! leaves every history of `histories/` with the verdict of its MANIFEST survives: what it weakens is not tested.

#[cfg(test)]
mod harness;

#[cfg(test)]
pub(crate) use harness::is_on;

/// Whether this mutant is on: outside the tests none is, and nothing is left of it.
#[cfg(not(test))]
#[inline(always)]
pub(crate) const fn is_on(_name: &str) -> bool {
    false
}

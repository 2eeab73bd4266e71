#!/usr/bin/env bash
# Breaks the claim table on purpose, one way at a time, and demands that loom catches each with the claim named for it.
# A model that cannot fail proves nothing. Prints one line per variant; exits 1 if one escapes.
set -euo pipefail
cd "$(dirname "$0")/../.."

variants=(
  "two-winners of_two_twins_exactly_one_wins"
  "two-winners of_three_twins_exactly_one_wins"
  "lost-wakeup a_waiter_that_sits_down_while_the_claim_completes_is_woken"
  "lost-release two_waiters_both_learn_of_a_release_and_one_of_them_wins"
  "dropped-flight a_waiter_of_a_dead_owner_learns_what_the_next_one_did"
  "stale-completion a_stale_ticket_completes_nothing"
  "stale-release a_stale_ticket_releases_nothing"
  "lost-completion a_completion_is_never_lost"
)
# Every claim of the model has a table that breaks it; one without would prove nothing.
for claim in $(sed -n '/^#\[test\]/{n;s/^fn \([a-z_]*\)().*/\1/p;}' crates/orders/tests/loom.rs); do
  printf '%s\n' "${variants[@]}" | grep -q " $claim\$" || { echo "loom-broken: nothing breaks $claim" >&2; exit 1; }
done

dir="$PWD/target/loom-broken"
mkdir -p "$dir"

# The breakage is passed through a wrapper that sees workspace members only, so the dependencies are built once.
loom() { # variant, arguments of cargo test
  local wrapper="$dir/rustc-$1"
  printf '#!/bin/sh\nexec "$@" --cfg %s\n' "'orders_broken=\"$1\"'" >"$wrapper"
  chmod +x "$wrapper"
  RUSTC_WORKSPACE_WRAPPER="$wrapper" cargo test --quiet -p orders --test loom --target-dir "$dir" \
    --config "build.rustflags=['--cfg','orders_loom']" "${@:2}"
}

escaped=0
for line in "${variants[@]}"; do
  read -r variant claim <<<"$line"
  log="$dir/$variant.log"
  # That it builds is asked first: a compile error is not a catch.
  loom "$variant" --no-run >"$log" 2>&1 || { cat "$log" >&2; echo "loom-broken: $variant does not build" >&2; exit 1; }
  if loom "$variant" -- --exact "$claim" >"$log" 2>&1; then
    echo "ESCAPED  $variant: $claim holds on a broken table"
    escaped=1
  elif grep -q "^thread '$claim' .*panicked at" "$log"; then
    echo "caught   $variant: by $claim"
  else
    cat "$log" >&2
    echo "loom-broken: $variant failed, but not by $claim" >&2
    exit 1
  fi
done
exit "$escaped"

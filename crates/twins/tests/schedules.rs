//! Random schedules of two and three transactions, on the simulation.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use twins::schedule::{broken, has_committed, play};

use crate::simulated::on_sim;

#[test]
fn whatever_the_schedule_nothing_is_sold_twice_and_everybody_comes_to_an_end() {
    let moves = prop::collection::vec(any::<(u8, u8)>(), 0..60);
    let (waited, committed, undone) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(Config::with_cases(1_000));
    let ran = runner.run(&(2..=3_usize, moves), |(connections, moves)| {
        let (heard, broken) = on_sim(|twin| (play(twin, connections, &moves), broken(twin)));
        prop_assert!(broken.is_empty(), "{:?}: {:#?}", broken, heard);
        let again = on_sim(|twin| play(twin, connections, &moves));
        prop_assert_eq!(&heard, &again, "one schedule is one transcript");
        let count = |cell: &Cell<u32>, is: bool| cell.set(cell.get() + u32::from(is));
        count(&waited, heard.iter().any(|heard| heard.told.is_none()));
        count(&committed, has_committed(&heard));
        let conflict = Some(Err(orders::StoreError::Conflict.into()));
        count(&undone, heard.iter().any(|heard| heard.told == conflict));
        Ok(())
    });
    ran.unwrap_or_else(|failure| panic!("{failure}"));
    // Otherwise they would show nothing.
    let met = [&waited, &committed, &undone].map(Cell::get);
    assert!(met[0] > 300 && met[1] > 500 && met[2] > 10, "{met:?}");
}

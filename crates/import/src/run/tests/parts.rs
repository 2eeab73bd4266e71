//! Orders: joins, states, times, and what lies outside of the log.

use super::*;

#[test]
fn rows_of_a_join_are_one_order_with_all_items() {
    let log = retried();
    let orders = "order_id,idem_key,status,sku,qty,note\n\
        1,k1,CONFIRMED,S,2,a\n2,k1,canceled,T,1,b\n1,k1,CONFIRMED,T,1,c\n";
    let (lines, told) = Case {
        plan: keyed(),
        log: &log,
        orders: Some(orders),
        ..Case::default()
    }
    .run()
    .expect("a history");
    assert_eq!(
        of_kind(&lines, "order"),
        [
            r#""id":"1","key":"k1","state":"confirmed","items":[{"sku":"S","quantity":2},{"sku":"T","quantity":1}]}"#,
            r#""id":"2","key":"k1","state":"cancelled","items":[{"sku":"T","quantity":1}]}"#,
        ]
    );
    assert!(
        told.contains("Joined 1 row as further items of an order above"),
        "{told}"
    );
    assert!(told.contains("; not used: note\n"), "{told}");
    assert!(told.contains("2 orders without a time"), "{told}");
}

#[test]
fn a_column_of_json_items_is_read_and_a_wrong_one_is_told_with_its_line() {
    let log = retried();
    let orders = "{\"id\":1,\"state\":\"confirmed\",\"items\":[{\"sku\":\"S\",\"quantity\":2}]}\n{\"id\":2,\"state\":\"confirmed\",\"items\":\"none\"}\n";
    let said = Case {
        plan: keyed(),
        log: &log,
        orders: Some(orders),
        ..Case::default()
    }
    .mistake();
    assert!(
        said.starts_with("orders.csv:2: items: \"none\" are no items"),
        "{said}"
    );
    let good = orders.lines().next();
    let lines = Case {
        plan: keyed(),
        log: &log,
        orders: good,
        ..Case::default()
    }
    .lines();
    assert_eq!(
        of_kind(&lines, "order"),
        [r#""id":"1","state":"confirmed","items":[{"sku":"S","quantity":2}]}"#]
    );
}

#[test]
fn one_order_with_two_sets_of_values_is_told_with_both_lines() {
    let log = retried();
    let orders = "id,state\n1,confirmed\n2,confirmed\n1,pending\n";
    let said = Case {
        plan: keyed(),
        log: &log,
        orders: Some(orders),
        ..Case::default()
    }
    .mistake();
    assert!(
        said.starts_with("orders.csv:4: id \"1\" stands in line 2 with other values"),
        "{said}"
    );
}

#[test]
fn states_are_mapped_or_left_out_with_the_charges_of_their_orders() {
    let log = retried();
    let orders = "id,state\n1,paid\n2,draft\n";
    let charges = "id,order_id,amount,status\nc1,1,100,succeeded\nc2,2,100,succeeded\nc3,9,100,succeeded\nc4,,100,succeeded\n";
    let case = || Case {
        plan: keyed(),
        log: &log,
        orders: Some(orders),
        charges: Some(charges),
        ..Case::default()
    };
    let mistakes = case().run().expect_err("unknown states");
    assert_eq!(mistakes.len(), 2, "{mistakes:?}");
    assert!(
        mistakes[0].ends_with("--map 'orders.state:draft=-,paid=confirmed'"),
        "{mistakes:?}"
    );
    assert!(
        mistakes[1].ends_with("--map 'charges.state:succeeded=captured'"),
        "{mistakes:?}"
    );
    let maps = maps(&[
        "orders.state:paid=confirmed,draft=-",
        "charges.state:succeeded=captured",
    ]);
    let (lines, told) = Case {
        plan: Plan { maps, ..keyed() },
        ..case()
    }
    .run()
    .expect("a history");
    assert_eq!(
        of_kind(&lines, "order"),
        [r#""id":"1","state":"confirmed"}"#]
    );
    assert_eq!(of_kind(&lines, "charge").len(), 3);
    for part in [
        "Left out 1 state \"draft\"\n",
        "Left out 1 charges of orders that are left out\n",
        "Note 1 charge without order\n",
        "Note 1 charge whose order is not in the dump of orders, the first order \"9\"",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn times_without_an_offset_are_read_with_that_of_the_command_line_and_wrong_ones_are_told() {
    let log = retried();
    let orders = "id,state,created_at\n1,confirmed,2026-11-28 07:16:25\n";
    let reading = crate::format::Reading {
        utc_offset: 3600,
        ..crate::format::Reading::default()
    };
    let lines = Case {
        plan: Plan { reading, ..keyed() },
        log: &log,
        orders: Some(orders),
        ..Case::default()
    }
    .lines();
    assert!(
        of_kind(&lines, "order")[0].contains("2026-11-28T06:16:25.000Z"),
        "{lines:?}"
    );
    let orders = "id,state,created_at\n1,confirmed,28.11.2026 07:16\n";
    let said = Case {
        plan: keyed(),
        log: &log,
        orders: Some(orders),
        ..Case::default()
    }
    .mistake();
    assert!(
        said.starts_with("orders.csv:2: created_at: \"28.11.2026 07:16\" is no time; expected"),
        "{said}"
    );
}

#[test]
fn orders_from_outside_of_the_log_are_the_baseline() {
    let log = log(&[
        (10, "POST /orders", 201, "0.1", "k1"),
        (50, "POST /orders", 201, "0.1", "k2"),
    ]);
    let at = |id: u32, key: &str, time: &str| format!("{id},{key},confirmed,2026-11-28 {time}\n");
    let orders = [
        "id,key,state,created_at\n".to_owned(),
        at(1, "old", "05:00:00.0"),
        at(2, "k1", "06:16:09.9"),
        at(3, "k9", "06:16:30.0"),
        at(4, "k2", "07:30:00.0"),
        at(5, "new", "07:30:00.0"),
    ];
    let orders = orders.concat();
    let (lines, told) = Case {
        plan: keyed(),
        log: &log,
        orders: Some(&orders),
        ..Case::default()
    }
    .run()
    .expect("a history");
    let baseline: Vec<bool> = of_kind(&lines, "order")
        .iter()
        .map(|order| order.ends_with(r#","baseline":true}"#))
        .collect();
    // A key that the log does not have is suspicious in the middle of it, and one that it has is, however late.
    assert_eq!(baseline, [true, false, false, false, true]);
    assert!(
        told.contains("Baseline 1 order from before the log begins"),
        "{told}"
    );
    assert!(
        told.contains("Baseline 1 order from about its end or after"),
        "{told}"
    );
}

#[test]
fn skipped_rows_are_counted() {
    let log = retried();
    let orders = "id,state\n1,confirmed\n2\n,confirmed\n";
    let mistakes = Case {
        plan: keyed(),
        log: &log,
        orders: Some(orders),
        ..Case::default()
    }
    .run()
    .expect_err("broken");
    assert_eq!(
        mistakes,
        [
            "orders.csv:3: 1 fields, but the header has 2",
            "orders.csv:4: id: is empty"
        ]
    );
    let plan = Plan {
        skip_broken: true,
        ..keyed()
    };
    let told = Case {
        plan,
        log: &log,
        orders: Some(orders),
        ..Case::default()
    }
    .told();
    assert!(told.contains("Skipped 2 broken rows"), "{told}");
}

#[test]
fn local_times_are_noticed_by_the_requests_of_their_orders() {
    let log = log(&[
        (10, "POST /orders", 201, "0.1", "k1"),
        (50, "POST /orders", 201, "0.1", "k2"),
    ]);
    let orders = |hour: &str| {
        format!(
            "id,key,state,created_at\n1,k1,confirmed,2026-11-28 {hour}:16:10\n2,k2,confirmed,2026-11-28 {hour}:16:50\n"
        )
    };
    let told = |hour, offset| {
        let reading = crate::format::Reading {
            utc_offset: offset,
            ..crate::format::Reading::default()
        };
        let orders = orders(hour);
        Case {
            plan: Plan { reading, ..keyed() },
            log: &log,
            orders: Some(&orders),
            ..Case::default()
        }
        .told()
    };
    assert!(
        told("07", 0).contains("say --utc-offset +01:00"),
        "{}",
        told("07", 0)
    );
    assert!(
        told("01", 0).contains("say --utc-offset -05:00"),
        "{}",
        told("01", 0)
    );
    for (hour, offset) in [("06", 0), ("07", 3600)] {
        assert!(
            !told(hour, offset).contains("--utc-offset"),
            "{}",
            told(hour, offset)
        );
    }
}

//! Charges and refunds, and Stripe's exports.

use super::*;

#[test]
fn charges_and_refunds_have_their_amounts_as_the_command_line_says() {
    let log = retried();
    let charges = "charge_id,order_no,amount,status,payment_intent,captured_at\nc1,1,\"1,050.00\",captured,pi_1,2026-11-28T06:16:31Z\n";
    let refunds = "id,charge_id,amount,idempotency_key,created_at\nr1,c1,-10.50,rk,2026-11-28T06:16:40Z\nr2,c7,1,,\n";
    let case = |decimal| Case {
        plan: Plan { decimal, ..keyed() },
        log: &log,
        charges: Some(charges),
        refunds: Some(refunds),
        ..Case::default()
    };
    let mistakes = case(false).run().expect_err("decimals");
    assert_eq!(
        mistakes,
        [
            "charges.csv:2: amount: \"1,050.00\" has a decimal point; say --decimal if amounts are written so",
            "refunds.csv:2: amount: \"-10.50\" has a decimal point; say --decimal if amounts are written so",
        ]
    );
    let (lines, told) = case(true).run().expect("a history");
    assert_eq!(
        of_kind(&lines, "charge"),
        [
            r#""id":"c1","order":"1","provider_key":"pi_1","amount":"1050.00","state":"captured","t":"2026-11-28T06:16:31.000Z"}"#
        ]
    );
    assert_eq!(
        of_kind(&lines, "refund"),
        [
            r#""id":"r1","charge":"c1","amount":"10.50","key":"rk","t":"2026-11-28T06:16:40.000Z"}"#,
            r#""id":"r2","charge":"c7","amount":"1"}"#,
        ]
    );
    assert!(
        told.contains(
            "1 refund whose charge is not in the dump of charges, the first charge \"c7\""
        ),
        "{told}"
    );
    assert_eq!(
        of_kind(&lines, "audit"),
        [r#""t":"2026-11-28T06:16:40.001Z","complete":["charges","refunds"]}"#]
    );
}

#[test]
fn a_charge_below_zero_is_told() {
    let log = retried();
    let charges = "id,amount,state\nc1,-5,captured\n";
    let said = Case {
        plan: keyed(),
        log: &log,
        charges: Some(charges),
        ..Case::default()
    }
    .mistake();
    assert!(
        said.starts_with("charges.csv:2: amount: a charge is not below zero"),
        "{said}"
    );
}

#[test]
fn an_export_of_stripe_is_charges_and_refunds_in_one() {
    let log = retried();
    let export = "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,charge_id,payment_intent_id,payment_metadata[order_id]\n\
        txn_1,2026-11-28 06:16:31,usd,18.90,0.85,18.05,charge,ch_1,ch_1,pi_1,1\n\
        txn_2,2026-11-28 06:20:00,usd,-18.90,0,-18.90,refund,re_1,ch_1,pi_1,1\n\
        txn_3,2026-11-28 07:00:00,usd,-0.85,0,-0.85,payout,po_1,,,\n";
    let (lines, told) = Case {
        plan: keyed(),
        log: &log,
        charges: Some(export),
        ..Case::default()
    }
    .run()
    .expect("a history");
    assert!(lines[0].contains(r#""amounts":"decimal""#), "{}", lines[0]);
    assert_eq!(
        of_kind(&lines, "charge"),
        [
            r#""id":"ch_1","order":"1","provider_key":"pi_1","amount":"18.90","state":"captured","t":"2026-11-28T06:16:31.000Z"}"#
        ]
    );
    assert_eq!(
        of_kind(&lines, "refund"),
        [r#""id":"txn_2","charge":"ch_1","amount":"18.90","t":"2026-11-28T06:20:00.000Z"}"#]
    );
    assert!(of_kind(&lines, "audit")[0].contains(r#""complete":["charges","refunds"]"#));
    assert!(told.contains("Left out 1 payout rows"), "{told}");
    let refunds = "id,charge,amount\nr1,ch_1,500\n";
    let said = Case {
        plan: keyed(),
        log: &log,
        charges: Some(export),
        refunds: Some(refunds),
        ..Case::default()
    }
    .mistake();
    assert!(said.contains("say --decimal"), "{said}");
}

#[test]
fn a_refund_of_the_dashboard_that_does_not_name_its_charge_is_told_with_the_export_that_does() {
    let log = retried();
    let export = "id,Type,Source,Amount,Fee,Net,Currency,Created (UTC),Available On (UTC),Description,order_id (metadata)\n\
        txn_1,charge,ch_1,18.90,0.85,18.05,usd,2026-11-28 06:16,2026-11-30 00:00,,1\n\
        txn_2,refund,re_1,-18.90,0,-18.90,usd,2026-11-28 06:20,2026-11-28 06:20,,\n";
    let said = Case {
        plan: keyed(),
        log: &log,
        charges: Some(export),
        ..Case::default()
    }
    .mistake();
    assert!(
        said.starts_with("charges.csv:3: the refund re_1 does not name its charge"),
        "{said}"
    );
    let charge_only: String = export
        .lines()
        .take(2)
        .map(|line| format!("{line}\n"))
        .collect();
    let lines = Case {
        plan: keyed(),
        log: &log,
        charges: Some(&charge_only),
        ..Case::default()
    }
    .lines();
    // Its times are known to the minute.
    assert!(
        lines[0].contains(r#""clock_tolerance":61000"#),
        "{}",
        lines[0]
    );
}

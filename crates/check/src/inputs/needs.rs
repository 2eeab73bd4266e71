//! Which inputs each rule goes by.

use super::Input::{self, *};
use crate::rules::Rule;

/// What a rule goes by.
pub fn needs(rule: Rule) -> &'static [Input] {
    let (of, inputs) = NEEDS[rule as usize];
    debug_assert_eq!(of, rule);
    inputs
}

/// What each rule goes by, in the order of the rules.
const NEEDS: [(Rule, &[Input]); 40] = [
    (Rule::Malformed, &[Requests, Accepted, Refusals]),
    (Rule::Evidence, &[Accepted, Orders, Charges, Stock]),
    (
        Rule::DuplicateOrder,
        &[
            Orders,
            OrderKeys,
            OrderIntents,
            OrderContents,
            RequestIntents,
            RequestKeys,
            RequestPayloads,
            AnsweredOrders,
            Ttl,
        ],
    ),
    (
        Rule::LostAck,
        &[
            AnsweredOrders,
            Orders,
            OrderContents,
            RefundRequests,
            Refunds,
        ],
    ),
    (
        Rule::PhantomOrder,
        &[
            Orders,
            OrderKeys,
            OrderIntents,
            OrderContents,
            OrderTimes,
            Requests,
            RequestKeys,
        ],
    ),
    (
        Rule::FailedButApplied,
        &[
            Refusals,
            Orders,
            OrderKeys,
            OrderIntents,
            OrderContents,
            Charges,
            Stock,
            RefundRequests,
            Refunds,
        ],
    ),
    (
        Rule::ReplayMismatch,
        &[
            RequestKeys,
            RequestPayloads,
            AnsweredOrders,
            AnsweredBodies,
            AnsweredReplayed,
        ],
    ),
    (
        Rule::ConflictAccepted,
        &[RequestKeys, RequestPayloads, Accepted, AnsweredOrders, Ttl],
    ),
    (
        Rule::SpuriousConflict,
        &[RequestKeys, RequestPayloads, RefusalStatuses, RefusalCodes],
    ),
    (
        Rule::OffContract,
        &[RefusalStatuses, RefusalCodes, Statuses],
    ),
    (
        Rule::CrossTenant,
        &[
            RequestKeys,
            RequestPayloads,
            AnsweredOrders,
            AnsweredBodies,
            Orders,
        ],
    ),
    (
        Rule::ResultRegression,
        &[RequestKeys, RequestPayloads, Accepted, Refusals, Ttl],
    ),
    (
        Rule::DoubleCharge,
        &[
            Charges,
            ChargeOrders,
            ChargeKeys,
            Refunds,
            Orders,
            OrderKeys,
            OrderIntents,
            RequestIntents,
            RequestKeys,
        ],
    ),
    (Rule::DoubleRefund, &[Refunds, RefundRequests, Charges]),
    (Rule::OrphanCharge, &[Charges, ChargeOrders, Orders]),
    (
        Rule::UnchargedOrder,
        &[Orders, Charges, ChargeOrders, Prices],
    ),
    (
        Rule::WrongAmount,
        &[Charges, ChargeOrders, OrderContents, Prices, Coupons],
    ),
    (Rule::Oversell, &[Stock, Orders, OrderContents]),
    (Rule::NegativeStock, &[Stock]),
    (Rule::StockConservation, &[Stock, Orders, OrderContents]),
    (Rule::ReservationLeak, &[Stock, Orders, OrderContents]),
    (
        Rule::FalseSoldOut,
        &[
            Refusals,
            RefusalCodes,
            RequestPayloads,
            Stock,
            Orders,
            OrderTimes,
        ],
    ),
    (
        Rule::PartialOrder,
        &[
            Orders,
            OrderContents,
            Charges,
            Coupons,
            Messages,
            KeyRecords,
            Carts,
            Sales,
            InventoryLog,
            RecordedCharges,
        ],
    ),
    (Rule::DuplicateNotification, &[Messages, Orders]),
    (
        Rule::PhantomNotification,
        &[Messages, MessageTimes, Orders, OrderTimes],
    ),
    (
        Rule::FalseMerge,
        &[
            RequestIntents,
            RequestKeys,
            AnsweredOrders,
            Refusals,
            RefusalCodes,
        ],
    ),
    (
        Rule::EarlyExpiry,
        &[
            Transitions,
            RequestKeys,
            Orders,
            OrderKeys,
            OrderTimes,
            AnsweredOrders,
            Ttl,
        ],
    ),
    (
        Rule::ImmortalKey,
        &[RequestKeys, AnsweredOrders, AnsweredReplayed, Ttl],
    ),
    (
        Rule::LateAfterExpiry,
        &[RequestKeys, Orders, OrderKeys, OrderTimes, Ttl],
    ),
    (Rule::StaleRead, &[Reads, AnsweredOrders]),
    (
        Rule::StoredErrorPolicy,
        &[RequestKeys, RequestPayloads, RefusalStatuses, StoredErrors],
    ),
    (
        Rule::ErrorDishonesty,
        &[RequestKeys, Requests, KeyRecords, Transitions, Faults],
    ),
    (Rule::Unfenced, &[Transitions, TransitionOwners]),
    (Rule::Quota, &[Coupons, Orders]),
    (
        Rule::StuckClaim,
        &[KeyRecords, Transitions, RequestKeys, Refusals, Deadline],
    ),
    (
        Rule::StuckOrder,
        &[Orders, OrderTimes, AnsweredOrders, Charges, Deadline],
    ),
    (
        Rule::UnresolvedRetry,
        &[
            RequestIntents,
            RequestKeys,
            RequestPayloads,
            Accepted,
            Refusals,
            Faults,
            Deadline,
        ],
    ),
    (
        Rule::MissingNotification,
        &[Messages, Orders, OrderTimes, Deadline],
    ),
    (Rule::Unavailable, &[RequestIntents, Accepted, Floor]),
    (
        Rule::NotLinearizable,
        &[
            RequestKeys,
            RequestPayloads,
            AnsweredOrders,
            Refusals,
            RefusalCodes,
            Ttl,
        ],
    ),
];

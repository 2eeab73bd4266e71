//! A hash for what is counted.

/// A hash under which neighbours stay neighbours: what is numbered in the order of time is looked up where the last look-up
/// was, which in a table of millions is the difference between a cache hit and a page walk. The low bits, which choose the
/// bucket, are the number itself; the high bits, by which a bucket is told from its neighbours, are others for each of them.
///
/// For what is counted for all tenants together: namesakes of two tenants share a hash, so there may only be few.
#[inline]
pub fn neighbourly(number: u64) -> u64 {
    const TAG: u64 = 0x7f << 57;
    (number & !TAG) | (number.wrapping_mul(GOLDEN) & TAG)
}

/// The golden ratio as a fraction of 2^64: multiples of it are spread evenly.
pub const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

//! What is being chosen, and who asks.

/// The name of a choice, such as `net.lose-response`, with a hash of it that is fixed at compile time.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    name: &'static str,
    hash: u64,
}

impl Kind {
    /// A kind by its name. Two kinds of one name are one kind.
    pub const fn new(name: &'static str) -> Kind {
        Kind {
            name,
            hash: fnv1a(name.as_bytes()),
        }
    }

    /// The hash that a kind of this name has.
    pub const fn hash_of(name: &str) -> u64 {
        fnv1a(name.as_bytes())
    }

    /// The name.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The hash of the name (64-bit FNV-1a).
    #[inline]
    pub const fn hash(self) -> u64 {
        self.hash
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Kind) -> bool {
        self.hash == other.hash
    }
}

impl Eq for Kind {}

/// 64-bit FNV-1a (Fowler, Noll, Vo): at compile time, so speed is no matter.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    hash
}

/// Who asks, in a way that does not change when another asker is dropped: a path of spawn ordinals, hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lineage(pub u64);

impl Lineage {
    /// The lineage that everything descends from.
    pub const ROOT: Lineage = Lineage(0x6f6e_6365_7072_6f6f);

    /// The `ordinal`-th child under a role. Two roles of one parent share nothing.
    #[inline]
    pub const fn child(self, role: Kind, ordinal: u64) -> Lineage {
        Lineage(mix(self.0 ^ role.hash, ordinal))
    }
}

/// One place and moment where a run could go more than one way.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// What is being chosen.
    pub kind: Kind,
    /// Who asks.
    pub lineage: Lineage,
    /// Which time this is, of this kind for this asker.
    pub ordinal: u64,
}

impl Site {
    /// The site of a choice.
    #[inline]
    pub const fn new(kind: Kind, lineage: Lineage, ordinal: u64) -> Site {
        Site {
            kind,
            lineage,
            ordinal,
        }
    }
}

/// Folds two words into one: a 64 x 64 -> 128 bit multiplication, halves xored (after wyhash, Wang Yi).
#[inline]
pub(crate) const fn mix(a: u64, b: u64) -> u64 {
    let product =
        ((a ^ 0xa076_1d64_78bd_642f) as u128).wrapping_mul((b ^ 0xe703_7ed1_a0b4_28db) as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

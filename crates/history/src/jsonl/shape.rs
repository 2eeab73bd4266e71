//! What a line may hold, as data: the fields of each kind with their types. Messages about mistakes and the JSON Schema come from it.

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// A string; a whole number in its place is its digits.
    Name,
    /// An instant: a whole number from 0, or an RFC 3339 text.
    Time,
    /// A whole number from 0 that fits 64 bits.
    Count,
    /// A whole number from 0 that fits 32 bits.
    Small,
    /// A whole number.
    Integer,
    /// An amount of money: a whole number, or a decimal text, by the contract.
    Amount,
    /// An HTTP status, as number or digits.
    Status,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A status, or one of these words.
    StatusOr(&'static [&'static str]),
    /// Any JSON.
    Any,
    /// A list of these.
    List(&'static Shape),
    /// An object from names to these.
    Map(&'static Shape),
    /// An object with these fields.
    Record(&'static Record),
}

/// An object with named fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    /// What it is, in a sentence.
    pub(super) about: &'static str,
    /// Its fields, in the order in which they are documented.
    pub(super) fields: &'static [Field],
}

/// A field of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: &'static str,
    /// Whether every object has it.
    pub(super) is_required: bool,
    /// What it means.
    pub(super) about: &'static str,
    /// What it may be.
    pub(super) shape: Shape,
}

/// Types that know what they look like in JSON.
pub(super) trait Shaped {
    /// What they look like.
    const SHAPE: Shape;
}

impl<T: Shaped> Shaped for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);
}

impl Shaped for bool {
    const SHAPE: Shape = Shape::Flag;
}

impl Shaped for u64 {
    const SHAPE: Shape = Shape::Count;
}

impl Shaped for u32 {
    const SHAPE: Shape = Shape::Small;
}

impl Shaped for i64 {
    const SHAPE: Shape = Shape::Integer;
}

impl Record {
    /// The field of a name.
    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Shape {
    /// What is wanted, in the words of JSON.
    pub(super) fn wanted(self) -> String {
        match self {
            Shape::Name => "a string".to_owned(),
            Shape::Time => "a time: a whole number from 0, or an RFC 3339 text".to_owned(),
            Shape::Count => "a whole number from 0".to_owned(),
            Shape::Small => format!("a whole number from 0 to {}", u32::MAX),
            Shape::Integer => "a whole number".to_owned(),
            Shape::Amount => {
                "an amount: a whole number, or a text such as \"149.99\" if the contract says `\"amounts\":\"decimal\"`".to_owned()
            }
            Shape::Status => "a status: a number, or its digits".to_owned(),
            Shape::Flag => "true or false".to_owned(),
            Shape::Words(words) => one_of(words),
            Shape::StatusOr(words) => format!("a status, or {}", one_of(words)),
            Shape::Any => "any JSON".to_owned(),
            Shape::List(_) => "a list".to_owned(),
            Shape::Map(_) | Shape::Record(_) => "an object".to_owned(),
        }
    }
}

/// The words of a list, each in quotes.
fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_reads_as_json_calls_it() {
        assert_eq!(
            Shape::Words(&["a", "b", "c"]).wanted(),
            r#""a", "b" or "c""#
        );
        assert_eq!(
            Shape::StatusOr(&["wait"]).wanted(),
            r#"a status, or "wait""#
        );
        assert_eq!(Shape::List(&Shape::Name).wanted(), "a list");
    }
}

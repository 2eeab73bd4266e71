//! Overlays: faults without a story, to be laid over any scenario.

/// The text of an overlay. It is parsed together with a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// How the command line calls it: a name, or a file.
    pub called: String,
    /// How messages call it.
    pub source_name: String,
    /// The text.
    pub text: String,
}

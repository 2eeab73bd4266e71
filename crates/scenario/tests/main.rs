//! What the scenario language promises: files that load, mistakes that point, loads that unfold.

mod files;
mod known;
mod meaning;
mod mistakes;
mod overlays;
mod readme;
mod robust;
mod schema;
mod unfold;

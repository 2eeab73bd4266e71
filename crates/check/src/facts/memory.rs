//! Arrays that are kept between histories.

/// Fills an array with `len` defaults.
pub(super) fn reset<T: Clone + Default>(array: &mut Vec<T>, len: usize) {
    array.clear();
    array.resize(len, T::default());
}

/// Arrays of more elements than this are not kept once they are done with: a small history needs no new memory, a large one needs it
/// for something else.
const KEPT_MAX: usize = 1 << 16;

/// Frees the memory of an array that is done with, if it is large.
pub(super) fn free_if_large<T>(array: &mut Vec<T>) {
    if array.capacity() > KEPT_MAX {
        *array = Vec::new();
    }
}

//! Sorting short lists in little code.

use std::cmp::Ordering;

/// Ciura's gaps; longer lists than the first are sorted as well, only not as fast.
const GAPS: [usize; 8] = [701, 301, 132, 57, 23, 10, 4, 1];

/// Sorts in place; equals may change places. The sorts of the standard library bring two kilobytes for every type, and the engine is compiled for every
/// protocol; what it sorts is a handful of messages, timers or nodes, for which Shell's sort is as fast.
pub fn sort<T: Ord>(list: &mut [T]) {
    sort_by(list, &T::cmp);
}

/// As [`sort`], in an order of one's own.
pub fn sort_by<T>(list: &mut [T], order: &dyn Fn(&T, &T) -> Ordering) {
    for gap in GAPS {
        for from in gap..list.len() {
            let mut at = from;
            while at >= gap && order(&list[at - gap], &list[at]).is_gt() {
                list.swap(at - gap, at);
                at -= gap;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sorts_like_the_standard_library(mut list in prop::collection::vec(0_u32..50, 0..1_500)) {
            let mut expected = list.clone();
            expected.sort_unstable();
            super::sort(&mut list);
            prop_assert_eq!(list, expected);
        }
    }
}

//! Sorting short lists in little code.

use std::cmp::Ordering;

/// Ciura's gaps; longer lists than the first are sorted as well, only not as fast.
const GAPS: [usize; 8] = [701, 301, 132, 57, 23, 10, 4, 1];

/// Sorts in place; equals may change places. The sorts of the standard library bring two kilobytes for every type, and the engine is compiled for every
/// protocol; what it sorts is a handful of messages, timers or nodes, for which Shell's sort is as fast.
pub fn sort<T: Ord>(list: &mut [T]) {
    sort_by(list, &T::cmp);
}

/// As [`sort_by`], and equals stay in their order: places are sorted by the standard library, once for all types, and what stands at them is put there.
pub fn sort_stably_by<T>(list: &mut [T], order: &dyn Fn(&T, &T) -> Ordering) {
    let mut from = places(list.len(), &|one, other| order(&list[one], &list[other]));
    for start in 0..from.len() {
        let mut at = start;
        loop {
            let next = std::mem::replace(&mut from[at], at);
            if next == start {
                break;
            }
            list.swap(at, next);
            at = next;
        }
    }
}

fn places(count: usize, order: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|one, other| order(*one, *other));
    places
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

        #[test]
        fn equals_stay_in_their_order(keys in prop::collection::vec(0_u32..20, 0..300)) {
            let mut list: Vec<(u32, usize)> = keys.into_iter().zip(0..).collect();
            let mut expected = list.clone();
            expected.sort_by_key(|(key, _)| *key);
            super::sort_stably_by(&mut list, &|(one, _), (other, _)| one.cmp(other));
            prop_assert_eq!(list, expected);
        }
    }
}

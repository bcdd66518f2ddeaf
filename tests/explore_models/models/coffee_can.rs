//! Scholten's coffee can (Gries, *The Science of Programming*, 1981, §13): `CoffeeCan.tla` of tlaplus/Examples. It begins with every can there is.

use interleave::engine::stable_hash;
use interleave::explore::{Model, Step};

/// Cans of at most so many beans.
pub struct CoffeeCan(pub u16);

/// The last bean is black, as a goal.
pub const BLACK_IS_LEFT: u8 = 0;
/// The last bean is white, as a goal.
pub const WHITE_IS_LEFT: u8 = 1;

/// The beans in a can.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Can {
    pub black: u16,
    pub white: u16,
}

impl Model for CoffeeCan {
    type State = Can;

    fn initial(&self) -> Vec<Can> {
        let cans = |beans: u16| (0..=beans).map(move |black| Can { black, white: beans - black });
        (1..=self.0).flat_map(cans).collect()
    }

    fn expand(&self, &can: &Can, _: &[u64], visit: &mut dyn FnMut(Step, Can)) {
        if can.white >= 2 {
            visit(Step::event(0), Can { black: can.black + 1, white: can.white - 2 });
        }
        if can.black >= 2 {
            visit(Step::event(1), Can { black: can.black - 1, ..can });
        }
        if can.black >= 1 && can.white >= 1 {
            visit(Step::event(2), Can { black: can.black - 1, ..can });
        }
        // The specification lets a can with one bean stand as it is, so that it is no deadlock.
        if can.black + can.white == 1 {
            visit(Step::event(3), can);
        }
    }

    fn fingerprint(&self, can: &Can) -> u64 {
        stable_hash(can)
    }

    fn reached(&self, can: &Can) -> u32 {
        u32::from(*can == Can { black: 1, white: 0 }) << BLACK_IS_LEFT
            | u32::from(*can == Can { black: 0, white: 1 }) << WHITE_IS_LEFT
    }
}

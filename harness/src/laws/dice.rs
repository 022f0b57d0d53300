//! Seeded chance: the same seed, law and case make the same calls on the same data.

/// A small generator (SplitMix64): the laws need variety and repeatability, not secrecy.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
    /// Which case of its law this is, counted from 0: generators walk through kinds by it.
    pub case: usize,
}

impl Dice {
    /// The dice of one case of one law.
    pub fn new(seed: u64, law: &str, case: usize) -> Self {
        // FNV-1a of the name keeps laws apart.
        let name = law
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut dice = Self { state: seed ^ name.rotate_left(17) ^ (case as u64).wrapping_mul(0x9e37_79b9), case };
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 if that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { (self.next() % bound as u64) as usize }
    }

    /// One in `of`.
    pub fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    /// One of the items.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() { None } else { items.get(self.below(items.len())) }
    }

    /// At most `most` of the items, in their order.
    pub fn some<T: Clone>(&mut self, items: &[T], most: usize) -> Vec<T> {
        let mut left = items.len();
        let mut wanted = most.min(left);
        let mut chosen = Vec::with_capacity(wanted);
        for item in items {
            // Each remaining item is as likely as the others.
            if wanted > 0 && self.below(left) < wanted {
                chosen.push(item.clone());
                wanted -= 1;
            }
            left -= 1;
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_choices_and_another_other_ones() {
        let roll = |seed, law, case| {
            let mut dice = Dice::new(seed, law, case);
            (0..8).map(|_| dice.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(roll(1, "range", 0), roll(1, "range", 0));
        assert_ne!(roll(1, "range", 0), roll(2, "range", 0));
        assert_ne!(roll(1, "range", 0), roll(1, "exact", 0));
        assert_ne!(roll(1, "range", 0), roll(1, "range", 1));
    }

    #[test]
    fn some_keeps_the_order_and_the_number() {
        let items: Vec<usize> = (0..50).collect();
        for case in 0..20 {
            let some = Dice::new(7, "some", case).some(&items, 5);
            assert_eq!(some.len(), 5);
            assert!(some.is_sorted());
        }
        assert_eq!(Dice::new(7, "some", 0).some(&items, 80), items);
        assert_eq!(Dice::new(7, "some", 0).pick::<u8>(&[]), None);
    }
}

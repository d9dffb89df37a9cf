//! Portions: statements of few different lengths, for lists of any length.
//!
//! Every length of a list makes another statement, which is prepared anew and kept by each connection. So rows are
//! written in portions whose sizes are powers of two, and lists that are asked for are filled up to one by naming their
//! last again. Then a statement has a handful of forms, each prepared once.

/// The most rows of one statement. A power of two.
const LARGEST: usize = 64;

/// The rows in their order, in portions whose sizes are powers of two.
pub(super) fn portions<T>(rows: Vec<T>) -> Vec<Vec<T>> {
    let mut portions = Vec::new();
    let mut rest = rows;
    while let Some(power) = rest.len().checked_ilog2() {
        let behind = rest.split_off(LARGEST.min(1 << power));
        portions.push(rest);
        rest = behind;
    }
    portions
}

/// The same list, its last repeated until the length is a power of two.
pub(super) fn filled_up<T: Clone>(mut list: Vec<T>) -> Vec<T> {
    if let Some(last) = list.last().cloned() {
        list.resize(list.len().next_power_of_two(), last);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_hold_every_row_in_order_and_have_few_sizes() {
        for length in 0..300 {
            let rows: Vec<usize> = (0..length).collect();
            let portions = portions(rows.clone());
            assert!(portions.iter().all(|portion| portion.len().is_power_of_two() && portion.len() <= LARGEST));
            assert_eq!(portions.concat(), rows);
        }
    }

    #[test]
    fn what_fills_a_list_up_was_in_it() {
        assert!(filled_up(Vec::<char>::new()).is_empty());
        assert_eq!(filled_up(vec!['a']), ['a']);
        assert_eq!(filled_up(vec!['a', 'b', 'c']), ['a', 'b', 'c', 'c']);
    }
}

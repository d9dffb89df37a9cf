//! What happens to every other one of equal submissions: it is lost or refused, and sent again it is taken.

use std::collections::HashSet;
use std::sync::Mutex;

use super::super::lock;
use super::order::Order;
use super::wire;

/// The submissions that were turned away and are taken when they come again.
#[derive(Default)]
pub(super) struct Once {
    turned_away: Mutex<HashSet<String>>,
}

impl Once {
    /// Whether this submission is to be turned away. Equal are those with the same amounts for the same bills, whatever
    /// their transaction numbers.
    pub(super) fn turns_away(&self, orders: &[Order]) -> bool {
        let name = name(orders);
        let mut turned_away = lock(&self.turned_away);
        if turned_away.remove(&name) { false } else { turned_away.insert(name) }
    }
}

fn name(orders: &[Order]) -> String {
    let mut name = String::new();
    for order in orders {
        for line in &order.lines {
            name.push_str(line.payee(order.vendor));
            name.push('/');
            name.push_str(&wire::amount_text(line.amount));
            name.push(' ');
        }
    }
    name
}

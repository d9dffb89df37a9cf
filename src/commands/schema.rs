//! `billpay schema`: prints the schema's definition, as `schema.graphql` holds it.

use crate::graphql;

pub(super) fn run() {
    print!("{}", graphql::sdl());
}

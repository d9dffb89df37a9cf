//! The rows of webhook endpoints and their deliveries, which belong in one file since each needs an endpoint.
//!
//! They come with the fields themselves: until then the schema has no place for them, and the table is empty.

use super::row::Row;

pub const ROWS: &[Row] = &[];

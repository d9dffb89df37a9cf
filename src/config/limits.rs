//! The settings by which tenants, and whoever sends callbacks, are held to a rate.

use std::num::NonZeroU32;

use super::reader::Reader;
use super::value;

/// What one tenant, or one address, may ask for in a minute, of one process.
#[derive(Clone, Copy, Debug)]
pub struct LimitSettings {
    /// Points of `extensions.cost.complexity`; None is without limit.
    pub tenant_points_per_minute: Option<NonZeroU32>,
    /// Things that mutations make; None is without limit.
    pub tenant_creates_per_minute: Option<NonZeroU32>,
    /// Callbacks that one address may send to one provider's path; None is without limit.
    pub callbacks_per_minute: Option<NonZeroU32>,
}

impl LimitSettings {
    /// 0 stands for no limit.
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let points = reader.required("limits.tenant_points_per_minute", value::count);
        let creates = reader.required("limits.tenant_creates_per_minute", value::count);
        let callbacks = reader.required("limits.callbacks_per_minute", value::count);
        Some(Self {
            tenant_points_per_minute: NonZeroU32::new(points?),
            tenant_creates_per_minute: NonZeroU32::new(creates?),
            callbacks_per_minute: NonZeroU32::new(callbacks?),
        })
    }
}

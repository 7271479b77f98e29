//! Where communities are in their life.

use super::Definition;

pub(super) const DEFINITIONS: &[Definition] = &[];

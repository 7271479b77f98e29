//! What recurs across communities.

use super::Definition;

pub(super) const DEFINITIONS: &[Definition] = &[];

//! What a coordinator should look at.

use super::Definition;

pub(super) const DEFINITIONS: &[Definition] = &[];

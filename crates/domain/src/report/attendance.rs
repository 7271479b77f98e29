//! Who came to a gathering.

use std::collections::HashSet;

use crate::{
    Invalid,
    text::{Code, HeadCount, Text},
};

/// How many people came in one role, from one organisation, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttendancePart {
    role: Option<Code>,
    organisation: Option<Text>,
    people: HeadCount,
}

impl AttendancePart {
    /// Checks that the part says who is meant, and that there was someone.
    pub fn try_new(role: Option<Code>, organisation: Option<Text>, people: HeadCount) -> Result<Self, Invalid> {
        if role.is_none() && organisation.is_none() {
            return Err(Invalid::new("names neither a role nor an organisation"));
        }
        if people.people() == 0 {
            return Err(Invalid::new("counts nobody: leave the part out"));
        }
        Ok(Self { role, organisation, people })
    }

    /// A code of the network's participant roles.
    pub fn role(&self) -> Option<&Code> {
        self.role.as_ref()
    }

    /// The organisation that people came from.
    pub fn organisation(&self) -> Option<&Text> {
        self.organisation.as_ref()
    }

    /// The same part with so many people more.
    pub fn and(&self, more: HeadCount) -> Result<Self, Invalid> {
        let people = HeadCount::try_new(i64::from(self.people.people()) + i64::from(more.people()))?;
        Ok(Self { people, ..self.clone() })
    }

    /// How many people.
    pub fn people(&self) -> HeadCount {
        self.people
    }
}

/// Who came: in all, and by role and organisation as far as it was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attendance {
    total: Option<HeadCount>,
    parts: Vec<AttendancePart>,
}

impl Attendance {
    /// The most parts that one report has.
    pub const PARTS_LIMIT: usize = 500;

    /// Checks that no part is there twice and that the parts are not more than the whole. Without a total the parts'
    /// sum is the total; they may be fewer, because not everyone says where they are from.
    pub fn try_new(total: Option<HeadCount>, parts: Vec<AttendancePart>) -> Result<Self, Invalid> {
        if parts.len() > Self::PARTS_LIMIT {
            return Err(Invalid::new(format!("has {} parts, more than {}", parts.len(), Self::PARTS_LIMIT)));
        }
        let mut seen = HashSet::new();
        if !parts.iter().all(|part| seen.insert((part.role(), part.organisation()))) {
            return Err(Invalid::new("counts the same role and organisation twice"));
        }
        let sum: i64 = parts.iter().map(|part| i64::from(part.people.people())).sum();
        if let Some(total) = total
            && sum > i64::from(total.people())
        {
            return Err(Invalid::new(format!("adds up to {sum} people, more than the {} in all", total.people())));
        }
        let total = match total {
            None if !parts.is_empty() => Some(HeadCount::try_new(sum)?),
            total => total,
        };
        Ok(Self { total, parts })
    }

    /// How many people came in all; `None` when nobody counted.
    pub fn total(&self) -> Option<HeadCount> {
        self.total
    }

    /// How many came by role and organisation.
    pub fn parts(&self) -> &[AttendancePart] {
        &self.parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(role: &str, people: i64) -> AttendancePart {
        AttendancePart::try_new(Code::try_new(role).ok(), None, HeadCount::try_new(people).expect("legal")).expect("legal")
    }

    #[test]
    fn the_parts_are_not_more_than_the_whole() {
        let total = HeadCount::try_new(10).ok();
        assert!(Attendance::try_new(total, vec![part("LEADERS", 6), part("FUNDERS", 4)]).is_ok());
        assert!(Attendance::try_new(total, vec![part("LEADERS", 6), part("FUNDERS", 5)]).is_err());
        assert!(Attendance::try_new(total, vec![part("LEADERS", 1), part("LEADERS", 2)]).is_err());
    }

    #[test]
    fn without_a_total_the_parts_are_the_total() {
        let attendance = Attendance::try_new(None, vec![part("LEADERS", 6), part("FUNDERS", 5)]).expect("legal");
        assert_eq!(attendance.total().map(HeadCount::people), Some(11));
        assert_eq!(Attendance::try_new(None, vec![]).map(|none| none.total()), Ok(None));
    }

    #[test]
    fn a_part_says_who_is_meant() {
        let three = HeadCount::try_new(3).expect("legal");
        assert!(AttendancePart::try_new(None, None, three).is_err());
        assert!(AttendancePart::try_new(Code::try_new("LEADERS").ok(), None, HeadCount::try_new(0).expect("legal")).is_err());
    }
}

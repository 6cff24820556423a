//! The lines of a group or discrepancy on one side: mostly one, of which there are millions.

use heqi_domain::LineIx;

/// Lines of one side, in content order; a single one is kept in place.
#[derive(Clone, PartialEq, Eq)]
pub struct Members(Kept);

#[derive(Clone, PartialEq, Eq)]
enum Kept {
    One(LineIx),
    /// None, or several.
    Other(Box<[LineIx]>),
}

impl Members {
    /// No line.
    #[must_use]
    pub fn none() -> Self {
        Self(Kept::Other(Box::default()))
    }
}

impl From<&[LineIx]> for Members {
    fn from(lines: &[LineIx]) -> Self {
        match *lines {
            [only] => only.into(),
            _ => Self(Kept::Other(lines.into())),
        }
    }
}

impl From<Vec<LineIx>> for Members {
    fn from(lines: Vec<LineIx>) -> Self {
        match *lines {
            [only] => only.into(),
            _ => Self(Kept::Other(lines.into())),
        }
    }
}

impl From<LineIx> for Members {
    fn from(line: LineIx) -> Self {
        Self(Kept::One(line))
    }
}

impl FromIterator<LineIx> for Members {
    fn from_iter<I: IntoIterator<Item = LineIx>>(lines: I) -> Self {
        let mut lines = lines.into_iter();
        match (lines.next(), lines.next()) {
            (Some(only), None) => only.into(),
            (first, second) => {
                Self(Kept::Other(first.into_iter().chain(second).chain(lines).collect()))
            }
        }
    }
}

impl std::ops::Deref for Members {
    type Target = [LineIx];

    fn deref(&self) -> &[LineIx] {
        match &self.0 {
            Kept::One(line) => std::slice::from_ref(line),
            Kept::Other(lines) => lines,
        }
    }
}

impl std::ops::DerefMut for Members {
    fn deref_mut(&mut self) -> &mut [LineIx] {
        match &mut self.0 {
            Kept::One(line) => std::slice::from_mut(line),
            Kept::Other(lines) => lines,
        }
    }
}

impl<'a> IntoIterator for &'a Members {
    type Item = &'a LineIx;
    type IntoIter = std::slice::Iter<'a, LineIx>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl std::fmt::Debug for Members {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_as_they_were() {
        for lines in [vec![], vec![7], vec![7, 3], vec![1, 2, 3]] {
            assert_eq!(*Members::from(lines.as_slice()), *lines);
            assert_eq!(*lines.iter().copied().collect::<Members>(), *lines);
            assert_eq!(*Members::from(lines.clone()), *lines);
            assert_eq!(format!("{:?}", Members::from(lines.clone())), format!("{lines:?}"));
        }
        assert_eq!(size_of::<Members>(), 16);
    }
}

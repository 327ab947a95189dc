//! Moving what was lowered to another place: in the text, and in the lists of a template.

use syntax::SyntaxError;
use text_size::{TextRange, TextSize};

/// By how much; wrapping, so that it may be back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shift {
    /// Of every offset, in bytes.
    pub(crate) bytes: u32,
    /// Of every [`ExprId`](crate::ExprId).
    pub(crate) exprs: u32,
    /// Of every index in [`Template::resources`](crate::Template::resources).
    pub(crate) resources: u32,
    /// Of every index in [`Template::modules`](crate::Template::modules).
    pub(crate) modules: u32,
}

impl Shift {
    /// The same of a template inside of what is moved, which has lists of its own.
    pub(crate) fn inside(self) -> Self {
        Self { bytes: self.bytes, ..Self::default() }
    }
}

/// What has offsets, ids or indices in it.
pub(crate) trait Shifted {
    /// Moves all of them.
    fn shift(&mut self, by: Shift);
}

/// What is moved when its fields are.
macro_rules! shifted {
    ($($type:ty { $($field:ident),* $(,)? })*) => {$(
        impl $crate::shift::Shifted for $type {
            fn shift(&mut self, by: $crate::shift::Shift) {
                $(self.$field.shift(by);)*
            }
        }
    )*};
}
pub(crate) use shifted;

impl Shifted for TextSize {
    fn shift(&mut self, by: Shift) {
        *self = Self::from(u32::from(*self).wrapping_add(by.bytes));
    }
}

impl Shifted for TextRange {
    fn shift(&mut self, by: Shift) {
        let mut start = self.start();
        start.shift(by);
        *self = Self::at(start, self.len());
    }
}

impl Shifted for SyntaxError {
    fn shift(&mut self, by: Shift) {
        self.range.shift(by);
        if let Some((started, _)) = &mut self.started {
            started.shift(by);
        }
    }
}

/// What is beside it has no place.
impl<A, T: Shifted> Shifted for (A, T) {
    fn shift(&mut self, by: Shift) {
        self.1.shift(by);
    }
}

impl<T: Shifted> Shifted for Option<T> {
    fn shift(&mut self, by: Shift) {
        if let Some(inner) = self {
            inner.shift(by);
        }
    }
}

impl<T: Shifted> Shifted for [T] {
    fn shift(&mut self, by: Shift) {
        for one in self {
            one.shift(by);
        }
    }
}

impl<T: Shifted> Shifted for Vec<T> {
    fn shift(&mut self, by: Shift) {
        self.as_mut_slice().shift(by);
    }
}

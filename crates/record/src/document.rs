//! All lines of a scan as one value.

use super::{Binary, End, ImageRecord, Line, Run, Unexamined};
use serde::{Deserialize, Serialize};

/// A whole scan: the keys of `run`, then `images`, `binaries`, `unexamined`, and the keys of `end`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The tool and the targets.
    #[serde(flatten)]
    pub run: Run,
    /// Images in scan order, one for each platform.
    pub images: Vec<ImageRecord>,
    /// Go binaries in scan order.
    pub binaries: Vec<Binary>,
    /// Things that were not examined.
    pub unexamined: Vec<Unexamined>,
    /// Counts of what was looked at and found.
    #[serde(flatten)]
    pub end: End,
}

impl Document {
    /// An empty document of a run.
    pub fn new(run: Run) -> Self {
        Self {
            run,
            images: Vec::new(),
            binaries: Vec::new(),
            unexamined: Vec::new(),
            end: End::default(),
        }
    }

    /// Adds one line of the stream.
    pub fn push(&mut self, line: Line) {
        match line {
            Line::Run(run) => self.run = run,
            Line::Image(image) => self.images.push(*image),
            Line::Binary(binary) => self.binaries.push(*binary),
            Line::Unexamined(thing) => self.unexamined.push(thing),
            Line::End(end) => self.end = end,
        }
    }

    /// The lines of the document.
    pub fn lines(self) -> impl Iterator<Item = Line> {
        let images = self.images.into_iter().map(|i| Line::Image(Box::new(i)));
        let binaries = self.binaries.into_iter().map(|b| Line::Binary(Box::new(b)));
        std::iter::once(Line::Run(self.run))
            .chain(images)
            .chain(binaries)
            .chain(self.unexamined.into_iter().map(Line::Unexamined))
            .chain(std::iter::once(Line::End(self.end)))
    }
}

//! All lines of a scan in one place, for whoever needs the whole of it.

use super::{Binary, End, ImageRecord, Line, Run, Unexamined};
use serde::{Deserialize, Serialize};

/// A whole scan: the keys of `run`, then `images`, `binaries`, `unexamined`, and the keys of `end`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Who scanned what.
    #[serde(flatten)]
    pub run: Run,
    /// Images in scan order, one for each platform.
    pub images: Vec<ImageRecord>,
    /// Go binaries in scan order.
    pub binaries: Vec<Binary>,
    /// Things not examined.
    pub unexamined: Vec<Unexamined>,
    /// What was looked at and what came out.
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

    /// Takes in one line of the stream.
    pub fn push(&mut self, line: Line) {
        match line {
            Line::Run(run) => self.run = run,
            Line::Image(image) => self.images.push(*image),
            Line::Binary(binary) => self.binaries.push(*binary),
            Line::Unexamined(thing) => self.unexamined.push(thing),
            Line::End(end) => self.end = end,
        }
    }

    /// The lines that make this document.
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

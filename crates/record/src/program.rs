//! A program that was found, on its way from the reader of its file to the line that states it.

use super::{Binary, Location};

/// Where a program is, as its record states it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramPlace {
    /// See [`Binary::path`].
    pub path: String,
    /// See [`Binary::path_bytes`].
    pub path_bytes: Option<String>,
    /// See [`Binary::location`].
    pub location: Location,
}

/// A Go program that was found.
///
/// The reader of its file sets slice, member and record; the caller, who knows where the file is, sets the place. `R` is the
/// record itself, or what stands for it while it waits to be delivered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundProgram<R = Box<Binary>> {
    /// Where it is. Empty until the caller sets it.
    pub place: ProgramPlace,
    /// Architecture of its slice in a universal Mach-O file.
    pub slice: Option<String>,
    /// Name of its member in an archive of object files (`ar`).
    pub member: Option<String>,
    /// Its record. [`Self::into_record`] writes the place into it.
    pub record: R,
}

impl<R> FoundProgram<R> {
    /// The same program with its record in another form.
    pub fn map<S>(self, convert: impl FnOnce(R) -> S) -> FoundProgram<S> {
        FoundProgram {
            place: self.place,
            slice: self.slice,
            member: self.member,
            record: convert(self.record),
        }
    }
}

impl<R, E> FoundProgram<Result<R, E>> {
    /// The program, if there is a record.
    ///
    /// # Errors
    /// The error in the place of the record.
    pub fn transpose(self) -> Result<FoundProgram<R>, E> {
        Ok(FoundProgram {
            place: self.place,
            slice: self.slice,
            member: self.member,
            record: self.record?,
        })
    }
}

impl FoundProgram {
    /// The record, with the place in it.
    pub fn into_record(self) -> Box<Binary> {
        let mut record = self.record;
        record.path = self.place.path;
        record.path_bytes = self.place.path_bytes;
        record.location = self.place.location;
        record
    }
}

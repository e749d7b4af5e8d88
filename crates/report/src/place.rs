//! Where a program is, beside its path: image, platform, layer and slice. Every list names it the same way, so that copies of one
//! path are told apart.

use gospect_bytes::escape::clean;
use gospect_record::Location;

/// What a path alone does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Image and platform as a person reads them; empty outside images.
    pub image: Vec<String>,
    /// The layer and the slice.
    pub part: Vec<String>,
}

impl Place {
    /// The place of the program with this path; a path that is the name of the image means the image itself.
    pub fn of(path: &str, location: &Location) -> Place {
        let mut place = Place::default();
        if let Some(image) = &location.image {
            if image.reference != path {
                place
                    .image
                    .push(format!("image {}", clean(&image.reference)));
                let layer = location.layer.as_ref();
                let layer = layer.map(|layer| format!("layer {}", layer.index));
                place.part.extend(layer);
            }
            let platform = image.platform.as_deref();
            let platform = platform.map(|platform| clean(platform).into_owned());
            place.image.extend(platform);
        }
        let slice = location.slice.as_deref();
        let slice = slice.map(|slice| format!("slice {}", clean(slice)));
        place.part.extend(slice);
        place
    }

    /// Image, platform, layer and slice in brackets, with a space in front; empty for a plain file.
    pub fn text(&self) -> String {
        bracket(self.image.iter().chain(&self.part))
    }

    /// Only layer and slice, the same way.
    pub fn part_text(&self) -> String {
        bracket(self.part.iter())
    }
}

/// ` (a, b)`; empty for nothing.
pub fn bracket<'s>(parts: impl Iterator<Item = &'s String>) -> String {
    let parts: Vec<&str> = parts.map(String::as_str).collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!(" ({})", parts.join(", ")),
    }
}

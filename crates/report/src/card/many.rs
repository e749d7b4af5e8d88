//! Cards of many programs, written one after the other as they are found; then how far the scan reached.

use crate::reach::{self, Reasons};
use crate::render::{Options, Render};
use gospect_record::{ImageRecord, Line};
use std::io::{self, Write};

/// What the end of the output needs from the cards before it.
#[derive(Default)]
pub(crate) struct Cards {
    written: u64,
    /// The image whose programs come now.
    image: Option<Box<ImageRecord>>,
    unexamined: Reasons,
}

impl Render for Cards {
    fn line(&mut self, line: Line, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        match line {
            Line::Binary(binary) => {
                if self.written > 0 {
                    out.write_all(b"\n")?;
                }
                self.written += 1;
                let of_program = binary.location.image.as_ref();
                let image = self.image.as_deref().filter(|image| {
                    of_program.is_some_and(|of_program| {
                        (
                            &of_program.reference,
                            &of_program.digest,
                            &of_program.platform,
                        ) == (&image.reference, &image.digest, &image.platform)
                    })
                });
                super::write(&binary, image, &options.support, &options.look, out)
            }
            Line::Unexamined(thing) => {
                self.unexamined.add(thing);
                Ok(())
            }
            Line::End(end) if self.unexamined.say_it_all(&end) => Ok(()),
            // If one file was named, its card is all there is to say.
            Line::End(end)
                if self.written == 1 && self.unexamined.is_empty() && end.reach.files <= 1 =>
            {
                Ok(())
            }
            Line::End(end) => {
                let mut text = String::new();
                if self.written > 0 {
                    text.push('\n');
                }
                reach::write(&end, &self.unexamined, &options.look, &mut text);
                out.write_all(options.look.finish(&text).as_bytes())
            }
            Line::Image(image) => {
                self.image = Some(image);
                Ok(())
            }
            Line::Run(_) => Ok(()),
        }
    }
}

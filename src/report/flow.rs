//! Text that is wrapped at the width of a terminal, for the reports that people read.

/// Text that begins at a column and goes on, where the terminal ends, on further lines with that indent. Words stay whole.
pub(crate) fn flow(text: &str, first: usize, indent: usize, columns: Option<usize>) -> String {
    let Some(columns) = columns.filter(|c| *c > indent) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(text.len());
    let mut used = first;
    for word in text.split(' ') {
        let size = word.chars().count();
        if used + size > columns && used > indent {
            // The blank before it is not needed at the end of a line.
            out.truncate(out.trim_end().len());
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            used = indent;
        }
        out.push_str(word);
        out.push(' ');
        used += size + 1;
    }
    out.pop();
    out
}

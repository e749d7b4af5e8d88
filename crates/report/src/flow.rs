//! Wraps text at the width of a terminal.

/// Wraps text whose first line begins at column `first` and whose other lines get this indent. Words are not broken.
pub(crate) fn flow(text: &str, first: usize, indent: usize, columns: Option<usize>) -> String {
    let Some(columns) = columns.filter(|c| *c > indent) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(text.len());
    let mut used = first;
    for word in text.split(' ') {
        let size = word.chars().count();
        // Long lists are broken after a comma, but nothing else: people copy paths and commands.
        let is_list = size > columns - indent && word.contains(',');
        let parts = word.split_inclusive(|c| is_list && c == ',');
        for part in parts {
            let size = part.chars().count();
            if used + size > columns && used > indent {
                // No blank is needed at the end of a line.
                out.truncate(out.trim_end().len());
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                used = indent;
            }
            out.push_str(part);
            used += size;
        }
        out.push(' ');
        used += 1;
    }
    out.pop();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole_and_long_lists_break_after_commas() {
        let list = "alpha=1,beta=2,gamma=3,delta=4,epsilon=5";
        assert_eq!(
            flow(&format!("see {list} /a/path,that/is/long"), 6, 2, Some(24)),
            "see alpha=1,\n  beta=2,gamma=3,\n  delta=4,epsilon=5\n  /a/path,that/is/long"
        );
        let path = "/a/very/long/path/to/some/program";
        assert_eq!(flow(path, 2, 2, Some(20)), path);
        assert_eq!(flow(list, 6, 2, None), list);
    }
}

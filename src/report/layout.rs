//! Lays text out in columns for a terminal: safe text, display width (Unicode annex 11), wrapping, fitting.

use unicode_width::UnicodeWidthChar;

use super::style::Style;
use crate::text::is_unsafe_for_terminal;

/// Characters kept of one text; a table is no place for more.
const LONGEST_TEXT: usize = 1_000;

/// Marks without width that may follow each other; more are shown escaped.
const MOST_MARKS: usize = 3;

/// Lines that one paragraph of a cell may take, where its column says nothing else.
const MOST_LINES: usize = 4;

/// Spaces between two columns.
const GAP: usize = 2;

/// A column that is narrower than this cannot be read.
const NARROWEST: usize = 4;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    heading: &'static str,
    least: usize,
    most: usize,
    weight: usize,
    right: bool,
    optional: bool,
    lines: usize,
}

impl Column {
    /// A column that is `least` to `most` wide, as its content and the terminal ask for.
    pub const fn new(heading: &'static str, least: usize, most: usize) -> Self {
        Self { heading, least, most, weight: 1, right: false, optional: false, lines: MOST_LINES }
    }

    /// Numbers stand at the right.
    #[must_use]
    pub const fn right(self) -> Self {
        Self { right: true, ..self }
    }

    /// Left out where there is no room.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// Each paragraph may take so many lines.
    #[must_use]
    pub const fn lines(self, lines: usize) -> Self {
        Self { lines, ..self }
    }

    /// Gets `weight` times the room of others where room is short.
    #[must_use]
    pub const fn weight(self, weight: usize) -> Self {
        Self { weight, ..self }
    }
}

/// Paragraphs below each other, each with its style. Any text is made safe as it comes in.
#[derive(Debug, Clone, Default)]
pub struct Cell(Vec<(String, Style)>);

impl Cell {
    /// One plain paragraph.
    pub fn new(text: &str) -> Self {
        Self::styled(text, Style::Plain)
    }

    /// One paragraph.
    pub fn styled(text: &str, style: Style) -> Self {
        Self::default().and(text, style)
    }

    /// A further paragraph; none for empty text.
    #[must_use]
    pub fn and(mut self, text: &str, style: Style) -> Self {
        if !text.is_empty() {
            self.0.push((clean(text), style));
        }
        self
    }
}

/// Rows under columns.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Grid {
    pub(super) fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row with a cell for each column.
    pub(super) fn push(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Appends the heading and the rows, at most `width` wide, without trailing spaces.
    pub(super) fn render(&self, out: &mut String, width: usize, colour: bool) {
        let widths = self.fit(width);
        if self.columns.iter().any(|column| !column.heading.is_empty()) {
            let heading: Vec<Cell> =
                self.columns.iter().map(|column| Cell::styled(column.heading, Style::Dim)).collect();
            self.render_row(out, &heading, &widths, colour);
        }
        for row in &self.rows {
            self.render_row(out, row, &widths, colour);
        }
    }

    fn render_row(&self, out: &mut String, row: &[Cell], widths: &[Option<usize>], colour: bool) {
        let shown = row.iter().zip(&self.columns).zip(widths);
        let blocks: Vec<Block> =
            shown.filter_map(|((cell, column), width)| Some(Block::new(cell, (*width)?, column))).collect();
        let height = blocks.iter().map(|block| block.lines.len()).max().unwrap_or_default();
        for at in 0..height {
            // Spaces are written only once something follows them.
            let mut spaces = 0;
            for block in &blocks {
                let Some((text, style)) = block.lines.get(at) else {
                    spaces += block.width + GAP;
                    continue;
                };
                let padding = block.width.saturating_sub(display_width(text));
                let (before, after) = if block.right { (padding, 0) } else { (0, padding) };
                out.extend(std::iter::repeat_n(' ', spaces + before));
                out.push_str(&style.paint(text, colour));
                spaces = after + GAP;
            }
            out.push('\n');
        }
    }

    /// The width of each column; `None` for one that is left out.
    fn fit(&self, available: usize) -> Vec<Option<usize>> {
        let mut widths: Vec<Option<usize>> =
            self.columns.iter().enumerate().map(|(at, column)| Some(self.natural(at, column))).collect();
        while total(&widths) > available {
            if self.shrink(&mut widths, |column| column.least) {
                continue;
            }
            let optional =
                self.columns.iter().zip(&widths).rposition(|(c, width)| c.optional && width.is_some());
            if let Some(width) = optional.and_then(|at| widths.get_mut(at)) {
                *width = None;
            } else if !self.shrink(&mut widths, |_| NARROWEST) {
                break;
            }
        }
        self.widen(&mut widths, available);
        widths
    }

    fn natural(&self, at: usize, column: &Column) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at));
        let widest = cells.flat_map(|cell| &cell.0).map(|(text, _)| display_width(text)).max();
        widest.unwrap_or_default().min(column.most).max(display_width(column.heading))
    }

    /// Takes one from the widest column that has more than `least` asks for.
    fn shrink(&self, widths: &mut [Option<usize>], least: impl Fn(&Column) -> usize) -> bool {
        let wide = self.columns.iter().zip(widths).filter_map(|(column, width)| {
            let width = width.as_mut()?;
            (*width > least(column)).then_some((*width / column.weight.max(1), width))
        });
        match wide.max_by_key(|(share, _)| *share) {
            Some((_, width)) => {
                *width -= 1;
                true
            }
            None => false,
        }
    }

    /// Gives back what leaving a column out has freed.
    fn widen(&self, widths: &mut [Option<usize>], available: usize) {
        while total(widths) < available {
            let narrow =
                self.columns.iter().enumerate().zip(widths.iter_mut()).filter_map(|((at, column), width)| {
                    let width = width.as_mut()?;
                    (*width < self.natural(at, column)).then_some((*width / column.weight.max(1), width))
                });
            match narrow.min_by_key(|(share, _)| *share) {
                Some((_, width)) => *width += 1,
                None => break,
            }
        }
    }
}

/// A cell wrapped to its column.
struct Block {
    width: usize,
    right: bool,
    lines: Vec<(String, Style)>,
}

impl Block {
    fn new(cell: &Cell, width: usize, column: &Column) -> Self {
        let paragraphs = cell.0.iter();
        let lines = paragraphs
            .flat_map(|(text, style)| wrap(text, width, column.lines).into_iter().map(|line| (line, *style)));
        Self { width, right: column.right, lines: lines.collect() }
    }
}

fn total(widths: &[Option<usize>]) -> usize {
    let shown = widths.iter().flatten();
    shown.clone().sum::<usize>() + GAP * shown.count().saturating_sub(1)
}

/// One line that a terminal shows as it is: escaped, cut, and without a pile of marks on one letter.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::new();
    let mut marks = 0;
    for (at, c) in text.chars().enumerate() {
        if at == LONGEST_TEXT {
            out.push('…');
            break;
        }
        let is_mark = c.width().unwrap_or(0) == 0;
        if is_unsafe_for_terminal(c) || (is_mark && marks == MOST_MARKS) {
            out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            marks = 0;
        } else {
            marks = if is_mark { marks + 1 } else { 0 };
            out.push(c);
        }
    }
    out
}

/// Columns that `text` takes on a terminal.
pub(super) fn display_width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// Breaks `text` at spaces, words at punctuation where a line has no room for them; the last of `most` lines ends
/// in `…` where there is more.
pub(super) fn wrap(text: &str, width: usize, most: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            if display_width(&line) + 1 + display_width(word) <= width {
                line.push(' ');
                line.push_str(word);
                continue;
            }
            lines.push(std::mem::take(&mut line));
        }
        let mut rest = word;
        while display_width(rest) > width && lines.len() <= most {
            let (head, tail) = break_word(rest, width);
            lines.push(head.to_owned());
            rest = tail;
        }
        line.push_str(rest);
        if lines.len() > most {
            break;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = ellipsis(last, width);
        }
    }
    lines
}

/// `text` with `…` at the end, at most `width` wide.
fn ellipsis(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// The longest head that fits, ending in punctuation if that leaves it at least half full.
fn break_word(word: &str, width: usize) -> (&str, &str) {
    let mut used = 0;
    let mut fits = 0;
    let mut punctuated = None;
    for (at, c) in word.char_indices() {
        used += c.width().unwrap_or(0);
        // A character wider than the whole line still has to go somewhere.
        if used > width && at > 0 {
            break;
        }
        fits = at + c.len_utf8();
        if matches!(c, '.' | ',' | ':' | '/' | '-' | '=' | '_' | '@' | '+') && used * 2 >= width {
            punctuated = Some(fits);
        }
    }
    word.split_at_checked(punctuated.unwrap_or(fits)).unwrap_or((word, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_wraps_at_spaces_then_at_punctuation() {
        assert_eq!(wrap("one two three", 7, 9), ["one two", "three"]);
        assert_eq!(wrap("a.long.host.example:443", 12, 9), ["a.long.host.", "example:443"]);
        assert_eq!(wrap("abcdefghij", 4, 9), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("", 4, 9), Vec::<String>::new());
    }

    #[test]
    fn too_much_text_ends_in_an_ellipsis() {
        assert_eq!(wrap("one two three four", 5, 2), ["one", "two…"]);
        assert_eq!(wrap("one", 5, 2), ["one"]);
        assert_eq!(wrap(&"x".repeat(1_000), 5, 2), ["xxxxx", "xxxx…"]);
    }

    #[test]
    fn wide_characters_count_twice_and_never_stop_the_wrapping() {
        assert_eq!(wrap("証明書", 4, 9), ["証明", "書"]);
        assert_eq!(wrap("証明書", 1, 9), ["証", "明", "書"]);
    }

    #[test]
    fn a_pile_of_marks_is_cut_down() {
        let pile = format!("a{}", "\u{301}".repeat(50));
        assert!(clean(&pile).starts_with("a\u{301}\u{301}\u{301}\\u{301}\u{301}"));
    }

    #[test]
    fn a_table_never_exceeds_its_width() {
        let columns = [
            Column::new("LEFT", 8, 30),
            Column::new("NUMBER", 6, 12).right(),
            Column::new("TEXT", 10, 60).weight(2),
            Column::new("EXTRA", 20, 40).optional(),
        ];
        let mut grid = Grid::new(&columns);
        grid.push([
            Cell::new("a.very.long.host.name.example:443").and("second line", Style::Dim),
            Cell::new("12"),
            Cell::styled("A sentence that goes on for a while and then some more.", Style::High),
            Cell::new(&"extra ".repeat(20)),
        ]);
        for width in 40..120 {
            let mut out = String::new();
            grid.render(&mut out, width, false);
            for line in out.lines() {
                assert!(display_width(line) <= width, "{width}: {line}");
                assert_eq!(line.trim_end(), line);
            }
        }
    }
}

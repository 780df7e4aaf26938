//! A plain table for the lists of the other commands: rows as the caller sorted them, a closing sentence, one next
//! command.

use super::TableOptions;
use super::layout::{Cell, Column, Grid};
use super::table::{push_next_command, push_wrapped};

/// A table with the sentences around it.
#[derive(Debug, Clone)]
pub struct Listing {
    heading: Option<String>,
    grid: Grid,
    sentences: Vec<String>,
}

impl Listing {
    /// A table without rows yet.
    pub fn new(columns: &[Column]) -> Self {
        Self { heading: None, grid: Grid::new(columns), sentences: Vec::new() }
    }

    /// A line above the table.
    #[must_use]
    pub fn heading(mut self, heading: impl Into<String>) -> Self {
        self.heading = Some(heading.into());
        self
    }

    /// Adds a row with a cell for each column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.grid.push(cells);
    }

    /// Adds a sentence below the table.
    pub fn sentence(&mut self, sentence: impl Into<String>) {
        self.sentences.push(sentence.into());
    }

    /// Lays the table out; without rows, the sentences alone. An empty `next_command` leaves that line out.
    pub fn render(&self, options: &TableOptions, next_command: &str) -> String {
        let options = options.bounded();
        let mut out = String::new();
        if let Some(heading) = &self.heading {
            push_wrapped(&mut out, heading, options.width);
            out.push('\n');
        }
        if self.grid.len() > 0 {
            self.grid.render(&mut out, options.width, options.colour);
            if !self.sentences.is_empty() {
                out.push('\n');
            }
        }
        for sentence in &self.sentences {
            push_wrapped(&mut out, sentence, options.width);
        }
        push_next_command(&mut out, next_command, &options);
        out
    }
}

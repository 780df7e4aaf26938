//! Charts as inline SVG: bars with their numbers beside them, so that no colour and no length is needed to read them.
//!
//! Styles are classes of the page; there is no style attribute, which the page's content security policy would refuse.

use std::fmt::Write as _;

use super::super::phrases::number;
use super::element::text;

/// Units of the drawing's own width.
const WIDTH: u32 = 420;
const ROW: u32 = 24;
const LABEL: u32 = 132;
const VALUE: u32 = 64;

/// One bar.
#[derive(Debug, Clone)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: u64,
    /// Class of the page's styles: a severity, `bar`, `quiet`.
    pub(super) class: &'static str,
}

/// Bars below each other, in the order given.
pub(super) fn bars(caption: &str, bars: &[Bar]) -> String {
    let most = bars.iter().map(|bar| bar.value).max().unwrap_or_default().max(1);
    let height = ROW * u32::try_from(bars.len()).unwrap_or(u32::MAX / ROW);
    let room = WIDTH - LABEL - VALUE;
    let mut svg = String::new();
    for (bar, y) in bars.iter().zip((0..).step_by(usize::try_from(ROW).unwrap_or(1))) {
        let length = scaled(bar.value, most, room);
        let label: String = bar.label.chars().take(22).collect();
        let (text_y, bar_y) = (y + 16, y + 5);
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{text_y}\" text-anchor=\"end\">{}</text>\
             <rect class=\"{}\" x=\"{LABEL}\" y=\"{bar_y}\" width=\"{length}\" height=\"14\" rx=\"2\"/>\
             <text class=\"value\" x=\"{}\" y=\"{text_y}\">{}</text>",
            LABEL - 10,
            text(&label),
            bar.class,
            LABEL + length + 8,
            number(bar.value),
        );
    }
    figure(caption, &svg, WIDTH, height.max(ROW), &described(bars))
}

/// Months beside each other; every bar has its number above and its month below.
pub(super) fn timeline(caption: &str, bars: &[Bar]) -> String {
    const WIDE: u32 = 900;
    const HIGH: u32 = 190;
    const FLOOR: u32 = 150;
    const HEAD: u32 = 18;
    let most = bars.iter().map(|bar| bar.value).max().unwrap_or_default().max(1);
    let count = u32::try_from(bars.len()).unwrap_or(1).max(1);
    // A few bars are not as broad as the page.
    let step = (WIDE / count).min(72);
    let mut svg =
        format!("<line class=\"axis\" x1=\"0\" y1=\"{FLOOR}.5\" x2=\"{WIDE}\" y2=\"{FLOOR}.5\"/>\n");
    for (bar, at) in bars.iter().zip(0_u32..) {
        let height = scaled(bar.value, most, FLOOR - HEAD);
        let (left, middle, top) = (at * step + step / 8, at * step + step / 2, FLOOR - height);
        let _ = writeln!(
            svg,
            "<rect class=\"{}\" x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{height}\" rx=\"2\"/>\
             <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            bar.class,
            step * 3 / 4,
            FLOOR + 18,
            text(&bar.label),
        );
        if bar.value > 0 {
            let _ = writeln!(
                svg,
                "<text class=\"value\" x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                top - 6,
                number(bar.value),
            );
        }
    }
    figure(caption, &svg, WIDE, HIGH, &described(bars))
}

/// One bar in parts.
pub(super) fn parts(caption: &str, parts: &[Bar]) -> String {
    const WIDE: u32 = 900;
    let sum = parts.iter().map(|part| part.value).sum::<u64>().max(1);
    let mut svg = String::new();
    let mut x = 0;
    for part in parts.iter().filter(|part| part.value > 0) {
        let length = scaled(part.value, sum, WIDE).min(WIDE.saturating_sub(x)).max(1);
        let _ = writeln!(
            svg,
            "<rect class=\"{}\" x=\"{x}\" y=\"0\" width=\"{}\" height=\"16\"/>",
            part.class,
            length.saturating_sub(2).max(1)
        );
        x += length;
    }
    figure(caption, &svg, WIDE, 16, &described(parts))
}

fn figure(caption: &str, svg: &str, width: u32, height: u32, description: &str) -> String {
    let caption_element = if caption.is_empty() {
        String::new()
    } else {
        format!("<figcaption>{}</figcaption>\n", text(caption))
    };
    format!(
        "<figure>{caption_element}<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">\n{svg}</svg></figure>\n",
        text(&format!("{caption} {description}"))
    )
}

/// The chart in words, for those who cannot see it.
fn described(bars: &[Bar]) -> String {
    bars.iter().map(|bar| format!("{}: {}", bar.label, number(bar.value))).collect::<Vec<_>>().join(", ")
}

/// `value` of `most` in units of `room`; what is there is at least one unit long.
fn scaled(value: u64, most: u64, room: u32) -> u32 {
    if value == 0 {
        return 0;
    }
    let length = u128::from(value) * u128::from(room) / u128::from(most.max(1));
    u32::try_from(length).unwrap_or(room).clamp(1, room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_in_proportion_and_never_nothing() {
        assert_eq!(scaled(0, 10, 100), 0);
        assert_eq!(scaled(5, 10, 100), 50);
        assert_eq!(scaled(1, 1_000_000, 100), 1);
        assert_eq!(scaled(u64::MAX, 1, 100), 100);
    }

    #[test]
    fn a_chart_says_its_numbers_in_words() {
        let bar = |label: &str, value| Bar { label: label.to_owned(), value, class: "bar" };
        let chart = bars("Keys", &[bar("RSA 2048", 1_200), bar("<b>", 0)]);
        assert!(chart.contains("aria-label=\"Keys RSA 2048: 1,200, &lt;b&gt;: 0\""), "{chart}");
        assert!(!chart.contains("style="), "{chart}");
    }
}

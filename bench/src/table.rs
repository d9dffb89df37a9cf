//! The table, as Markdown.

use crate::turns::{Figures, Line};

const HEAD: &str = "\
| work | who | a second | p50 ms | p99 ms | CPU ms per 1,000: server | PostgreSQL | peak MiB | ratio | CPU ratio |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";

/// Prints all lines.
pub fn print(lines: &[Line]) {
    println!("{HEAD}");
    for line in lines {
        println!("{}", row(&line.work, "billpay", &line.billpay, [line.ratio, line.cpu_ratio]));
        if let Some(ceiling) = &line.ceiling {
            println!("{}", row("", "ceiling", ceiling, [None, None]));
        }
    }
}

fn row(work: &str, who: &str, figures: &Figures, ratios: [Option<f64>; 2]) -> String {
    let Figures { a_second, p50, p99, server, postgres, peak } = *figures;
    let [ratio, cpu_ratio] = ratios.map(|ratio| cell(ratio.unwrap_or_default(), 2));
    let cells = [
        work.to_owned(),
        who.to_owned(),
        cell(a_second, 0),
        cell(p50, 2),
        cell(p99, 2),
        cell(server, 1),
        cell(postgres, 1),
        cell(peak, 0),
        ratio,
        cpu_ratio,
    ];
    format!("| {} |", cells.join(" | "))
}

/// Nothing was measured where a figure is nothing.
fn cell(figure: f64, digits: usize) -> String {
    if figure == 0.0 { String::new() } else { format!("{figure:.digits$}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_as_many_cells_as_the_head() {
        let cells = |row: &str| row.matches('|').count();
        let figures = Figures { a_second: 1234.4, p50: 1.0, ..Figures::default() };
        let row = row("read", "billpay", &figures, [Some(0.75), None]);
        assert_eq!(cells(&row), cells(HEAD.lines().next().expect("a head")));
        assert!(row.starts_with("| read | billpay | 1234 | 1.00 |  |") && row.contains("| 0.75 |"), "{row}");
    }
}

//! `cargo xtask house`: how large our code is, and how much of it is tested and explained, package by package.
//!
//! A line is a line as it stands in the file, blank ones too. Set aside, and counted nowhere: examples, benches and fuzz
//! targets, and files whose first lines say that they are generated. What is for tests alone counts for the share of tests and for
//! nothing else: folders `tests` of a package, what is below `#[cfg(test)] mod ..;`, and inline modules and functions under
//! `#[cfg(test)]` or `#[test]`, which are cut out of their files.
//!
//! ```text
//! files   lines   files that are left, and their lines
//! med p90 max     lines of the median file, of the one that nine of ten are not longer than, of the longest; the same of
//!                 functions, from `fn` to the closing brace
//! >100            functions longer than that
//! unwrap expect   calls of `.unwrap()` and `.expect(..)`, inside macros too
//! doc note        lines of documentation (`///`, `//!`) and of other comments, for each thousand lines
//! tests           lines of tests, of all lines, in percent
//! circles         as `cargo xtask circles` finds them; what is allowed for now is counted
//! ```
//!
//! The second table says how many files somebody touches who adds one more of a thing: [`places`].

mod file;
mod places;
mod tree;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use anyhow::Result;

use crate::tools;
use file::Figures;
use tree::Package;

/// Prints figures of the code: sizes, comments, share of tests, circles, and how many files one more of a thing touches.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Another tree of Rust code, to be held beside ours; the second table is about ours alone.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let root = args.root.clone().unwrap_or_else(tools::root);
    let packages = tree::packages(&root)?;
    let mut rows = vec![head()];
    let mut total = Package { name: "all".to_owned(), ..Package::default() };
    for package in &packages {
        rows.push(row(package));
        total.add(package);
    }
    rows.push(row(&total));
    print(&rows);
    if args.root.is_none() {
        println!();
        print(&places::table(&root)?);
    }
    Ok(())
}

fn head() -> Vec<String> {
    let words = "package files lines med p90 max fns med p90 max >100 unwrap expect doc note tests circles";
    words.split(' ').map(str::to_owned).collect()
}

fn row(package: &Package) -> Vec<String> {
    let Package { name, files, tests, circles } = package;
    let lines: Vec<usize> = files.iter().map(|file| file.lines).collect();
    let all: usize = lines.iter().sum();
    let functions: Vec<usize> = files.iter().flat_map(|file| file.functions.iter().copied()).collect();
    let sum = |of: fn(&Figures) -> usize| files.iter().map(of).sum::<usize>();
    let a_thousand = |count: usize| (count * 1000 + all / 2).checked_div(all).unwrap_or_default();
    let tested = sum(|file| file.tests) + tests;
    let share = (tested * 100 + (all + tested) / 2).checked_div(all + tested).unwrap_or_default();
    let numbers = [
        vec![files.len(), all],
        spread(lines),
        vec![functions.len()],
        spread(functions.clone()),
        vec![
            functions.iter().filter(|lines| **lines > 100).count(),
            sum(|file| file.unwraps),
            sum(|file| file.expects),
            a_thousand(sum(|file| file.documentation)),
            a_thousand(sum(|file| file.comments)),
        ],
    ];
    let mut row: Vec<String> = numbers.concat().iter().map(ToString::to_string).collect();
    row.insert(0, name.clone());
    row.extend([format!("{share} %"), circles.map_or_else(|| "-".to_owned(), |circles| circles.to_string())]);
    row
}

/// The median, the ninth tenth and the largest.
fn spread(mut all: Vec<usize>) -> Vec<usize> {
    all.sort_unstable();
    let at = |tenths: usize| all.get((all.len() * tenths / 10).min(all.len().saturating_sub(1))).copied();
    [5, 9, 10].map(|tenths| at(tenths).unwrap_or_default()).to_vec()
}

/// Aligned: numbers to the right, words to the left.
fn print(rows: &[Vec<String>]) {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let words = |column: usize| rows.iter().skip(1).any(|row| row[column].starts_with(char::is_alphabetic));
    for row in rows {
        let cell = |(column, text): (usize, &String)| match column {
            0 => format!("{text:<0$}", widths[column]),
            _ if words(column) => format!("  {text:<0$}", widths[column]),
            _ => format!("  {text:>0$}", widths[column]),
        };
        println!("{}", row.iter().enumerate().map(cell).collect::<String>().trim_end());
    }
}

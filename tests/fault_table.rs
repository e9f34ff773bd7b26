//! `FAULTS.md`: each fault has a row, and each test that it names is there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

/// Number, and what stands between backticks in the row's third column.
fn rows() -> Vec<(usize, Vec<String>)> {
    let table = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/FAULTS.md")).unwrap();
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows = table.lines().filter(|line| line.starts_with("| ")).map(cells);
    rows.filter_map(|cells| Some((cells.get(1)?.parse().ok()?, quoted(cells.get(3)?)))).collect()
}

fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

/// `file::test`, or a file alone.
fn is_there(name: &str) -> bool {
    let (file, test) = name.split_once("::").map_or((name, None), |(file, test)| (file, Some(test)));
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/{file}.rs")));
    source.is_ok_and(|source| test.is_none_or(|test| source.contains(&format!("fn {test}("))))
}

#[test]
fn every_fault_has_a_row_in_order() {
    let numbers: Vec<usize> = rows().into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, (1..=42).collect::<Vec<_>>());
}

#[test]
fn every_test_that_the_table_names_is_there() {
    for (number, names) in rows() {
        assert!(!names.is_empty(), "fault {number} has no test");
        let missing: Vec<&String> = names.iter().filter(|name| !is_there(name)).collect();
        assert!(missing.is_empty(), "fault {number}: there is no {missing:?}");
    }
    assert!(!is_there("journey::a_letter_that_nobody_wrote") && !is_there("nowhere"));
}

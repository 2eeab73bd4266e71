//! A history as Elle reads it.

use history::{elle, jsonl};

#[test]
fn an_order_is_appended_once_and_every_answer_reads_it() {
    let lines = [
        r#"{"kind":"contract","time_unit":"ms"}"#,
        r#"{"kind":"invoke","t":1,"process":4,"tenant":"A","key":"k"}"#,
        r#"{"kind":"info","t":2,"process":4,"error":"timeout"}"#,
        r#"{"kind":"invoke","t":3,"process":5,"tenant":"A","key":"k"}"#,
        r#"{"kind":"ok","t":4,"process":5,"order":"2"}"#,
        r#"{"kind":"invoke","t":5,"process":6,"tenant":"A","key":"k"}"#,
        r#"{"kind":"ok","t":6,"process":6,"order":"2"}"#,
        r#"{"kind":"audit","t":9,"orders":[{"id":"2","tenant":"A","key":"k","state":"confirmed","t":3},{"id":"1","tenant":"A","key":"k","state":"confirmed","t":2}]}"#,
    ];
    let history = jsonl::read(lines.join("\n").as_bytes()).expect("a history");
    let mut text = Vec::new();
    elle::write(&history, &mut text).expect("a vector takes everything");
    let text = String::from_utf8(text).expect("EDN is UTF-8");
    let expected = r#"{:index 0, :type :invoke, :process 4, :time 1000000, :f :txn, :value [[:append "A/k" "1"] [:r "A/k" nil]]}
{:index 1, :type :info, :process 4, :time 2000000, :f :txn, :value [[:append "A/k" "1"] [:r "A/k" nil]]}
{:index 2, :type :invoke, :process 5, :time 3000000, :f :txn, :value [[:append "A/k" "2"] [:r "A/k" nil]]}
{:index 3, :type :ok, :process 5, :time 4000000, :f :txn, :value [[:append "A/k" "2"] [:r "A/k" ["2"]]]}
{:index 4, :type :invoke, :process 6, :time 5000000, :f :txn, :value [[:r "A/k" nil]]}
{:index 5, :type :ok, :process 6, :time 6000000, :f :txn, :value [[:r "A/k" ["2"]]]}
{:index 6, :type :invoke, :process 7, :time 9000000, :f :txn, :value [[:r "A/k" ["1" "2"]]]}
{:index 7, :type :ok, :process 7, :time 9000000, :f :txn, :value [[:r "A/k" ["1" "2"]]]}
"#;
    assert_eq!(text, expected);
}

#[test]
fn processes_without_numbers_for_names_are_told_apart_by_their_places() {
    let lines = [
        r#"{"kind":"contract","time_unit":"ms"}"#,
        r#"{"kind":"invoke","t":1,"process":"app","tenant":"A","key":"k"}"#,
        r#"{"kind":"info","t":2,"process":"app","error":"timeout"}"#,
        r#"{"kind":"invoke","t":3,"process":"0","tenant":"A","key":"k"}"#,
        r#"{"kind":"ok","t":4,"process":"0","order":"2"}"#,
        r#"{"kind":"audit","t":9,"orders":[{"id":"2","tenant":"A","key":"k","state":"confirmed","t":3}]}"#,
    ];
    let history = jsonl::read(lines.join("\n").as_bytes()).expect("a history");
    let mut text = Vec::new();
    elle::write(&history, &mut text).expect("a vector takes everything");
    let text = String::from_utf8(text).expect("EDN is UTF-8");
    let processes: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split(":process ").nth(1)?.split(',').next())
        .collect();
    assert_eq!(processes, ["0", "0", "1", "1", "2", "2"]);
}

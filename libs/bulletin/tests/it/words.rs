//! The text of a bulletin and the public document.

use chengping_bulletin::{Bulletin, FileFormat};
use chengping_types::{BodyKind, canonical};
use serde_json::Value;

use crate::month::{Unit, documents, units};
use crate::sealed::{draft, former, published, sealed};

fn said(bulletin: &Bulletin) -> String {
    String::from_utf8(bulletin.render(FileFormat::Txt).unwrap()).unwrap()
}

fn district(name: &str, late: Option<u64>) -> Unit {
    Unit { kind: BodyKind::District, name: name.to_owned(), late }
}

fn four() -> Vec<Unit> {
    [("甲区", 2), ("乙区", 10), ("丙区", 30), ("丁区", 60)]
        .map(|(name, late)| district(name, Some(late)))
        .into()
}

#[test]
fn the_best_and_the_worst_are_named() {
    let text = said(&published(&four()));
    assert!(
        text.starts_with("2018年4月评价结果通报\n（第1版，正式发布，2018年5月10日）\n"),
        "{text}"
    );
    let line = text.lines().find(|line| line.starts_with("区、管委会：4个单位列名次")).unwrap();
    let place = |name: &str| line.find(name).unwrap_or_else(|| panic!("{name}: {line}"));
    assert!(place("居前的是甲区（第1名，") < place("乙区（第2名，"));
    assert!(place("居后的是丙区（第3名，") < place("丁区（第4名，"));
    assert!(text.contains("2018年3月没有已发布的结果，不作比较。"), "{text}");
    assert!(!text.contains("{"), "everything is filled in");
}

#[test]
fn movers_are_told_against_the_month_before() {
    let mut before = four();
    before.swap(0, 3);
    let [first, .., last] = before.as_mut_slice() else { unreachable!() };
    // The IDs are by place: what was body 0 was as late then as body 3 is now.
    std::mem::swap(&mut first.name, &mut last.name);
    let document = sealed(&documents("2018-04", &four()), 1, None);
    let former = vec![former("2018-03", &before)];
    let text = said(&Bulletin::of_sealed(&document, former).unwrap());
    assert!(text.contains("与2018年3月第2版（sha256:"), "{text}");
    assert!(text.contains("名次上升的是甲区（第4名升至第1名）"), "{text}");
    assert!(text.contains("名次下降的是丁区（第1名降至第4名）"), "{text}");
}

#[test]
fn carried_over_cases_and_warnings_are_listed() {
    let text = said(&published(&four()));
    // Six cells of each body: three streams, two zones.
    assert!(
        text.contains("遗留未处置42件，其中丁区30件、丙区12件。挂账24件，其中丁区18件、丙区6件。"),
        "{text}"
    );
    assert!(text.contains("扣分超过该项分值30%的，列入预警："), "{text}");
    assert!(text.contains("区、管委会“N1 按期结案率”：丁区。"), "{text}");
    let none = said(&published(&[district("甲区", Some(0))]));
    assert!(none.contains("各单位均无遗留未处置案件，也无挂账案件。"), "{none}");
    assert!(none.contains("没有单位被预警。") || none.contains("列入预警"), "{none}");
}

#[test]
fn ties_and_bodies_without_a_rank_are_said() {
    let mut units = vec![district("甲区", Some(5)), district("乙区", Some(5))];
    let text = said(&published(&units));
    assert!(text.contains("区、管委会：2个单位并列第1名，均得"), "{text}");
    units.push(district("丙区", None));
    let text = said(&published(&units));
    assert!(text.contains("1个单位无数据，不评分"), "{text}");
    assert!(text.contains("区、管委会，无数据：丙区。"), "{text}");
    let text = said(&published(&units[..1]));
    assert!(text.contains("仅甲区列名次，得"), "{text}");
}

#[test]
fn a_correction_says_why() {
    let document = sealed(&documents("2018-04", &four()), 2, Some("核查时间有误"));
    let text = said(&Bulletin::of_sealed(&document, Vec::new()).unwrap());
    assert!(text.contains("第2版") && text.contains("更正原因：核查时间有误。"), "{text}");
}

#[test]
fn the_public_document_is_canonical_and_whole() {
    let units = units(30);
    let bytes = published(&units).render(FileFormat::Json).unwrap();
    let value: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(canonical::to_vec(&value).unwrap(), bytes);
    assert_eq!(value["format"], "chengping.bulletin/1");
    assert_eq!(value["standing"], "published");
    let digest = chengping_types::Digest::of(&sealed(&documents("2018-04", &units), 1, None));
    assert_eq!(value["digest"], digest.to_string());
    let results: Value = serde_json::from_slice(&documents("2018-04", &units).results).unwrap();
    let mut bodies = 0;
    for group in value["groups"].as_array().unwrap() {
        for body in group["bodies"].as_array().unwrap() {
            let sealed = &results["bodies"][body["body_id"].as_str().unwrap()];
            for field in ["score", "rank", "tied", "grade", "state", "due"] {
                assert_eq!(body[field], sealed[field], "{field}");
            }
            for item in body["items"].as_array().unwrap() {
                let of_sealed = &sealed["items"][item["item"].as_str().unwrap()];
                if !item["deduction"].is_null() {
                    assert_eq!(item["deduction"], of_sealed["deduction"]);
                }
            }
            bodies += 1;
        }
    }
    assert_eq!(bodies, 30);
    let draft: Value =
        serde_json::from_slice(&draft(&units).render(FileFormat::Json).unwrap()).unwrap();
    assert_eq!((&draft["standing"], &draft["digest"]), (&"draft".into(), &Value::Null));
}

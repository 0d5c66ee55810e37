//! The printable document.

use chengping_bulletin::{Bulletin, FileFormat};

use crate::month::{documents, units};
use crate::pages::text;
use crate::sealed::{draft, former, published, sealed};

fn printed(bulletin: &Bulletin) -> Vec<String> {
    text(&bulletin.render(FileFormat::Pdf).unwrap())
}

#[test]
fn every_name_score_and_the_digest_are_printed() {
    let units = units(60);
    let bulletin = published(&units);
    let pages = printed(&bulletin);
    let all = pages.concat();
    for unit in &units {
        assert!(all.contains(&unit.name), "{}", unit.name);
    }
    let document = sealed(&documents("2018-04", &units), 1, None);
    let value: serde_json::Value = serde_json::from_slice(&document).unwrap();
    let bodies = value["results"]["bodies"].as_object().unwrap();
    for body in bodies.values() {
        let score = body["score"].as_str().unwrap();
        assert!(all.contains(score), "{score}");
    }
    let digest = chengping_types::Digest::of(&document).to_string();
    assert!(all.contains(&digest));
    let last = pages.last().unwrap();
    assert!(last.contains("核验方法") && last.contains("chengping verify"), "{last}");
    for (number, page) in (1..).zip(&pages) {
        assert!(page.contains(&digest[..23]), "page {number} says of which version it is");
        assert!(page.contains("第1版"), "page {number}");
        assert!(page.contains(&format!("第 {number} 页，共 {} 页", pages.len())), "{page}");
        assert!(!page.contains("征求意见稿"));
    }
}

#[test]
fn every_page_of_a_draft_says_so() {
    let pages = printed(&draft(&units(60)));
    assert!(pages.len() > 3);
    for page in &pages {
        assert!(page.matches("征求意见稿").count() >= 2, "head and watermark: {page}");
    }
    assert!(!pages.concat().contains("chengping verify"), "there is nothing to verify yet");
}

#[test]
fn a_version_that_was_taken_back_says_so_on_every_page() {
    let pages = printed(&published(&units(8)).withdrawn("数据\n有误"));
    assert!(pages.iter().all(|page| page.contains("已撤回")), "{pages:?}");
    assert!(pages.concat().contains("数据□有误"));
}

#[test]
fn the_same_version_gives_the_same_bytes() {
    let make = || {
        let units = units(30);
        let document = sealed(&documents("2018-04", &units), 2, Some("复核"));
        let former = vec![former("2018-03", &units), former("2018-01", &units)];
        Bulletin::of_sealed(&document, former).unwrap()
    };
    for format in FileFormat::ALL {
        let (one, other) = (make().render(*format).unwrap(), make().render(*format).unwrap());
        assert!(one == other, "{format}");
        // No file knows when or where it was made.
        let year = b"2026";
        assert!(!one.windows(4).any(|window| window == year), "{format}");
    }
}

#[test]
fn the_trend_has_the_former_months_in_their_order() {
    let units = units(12);
    let document = sealed(&documents("2018-04", &units), 1, None);
    // Too old, of the same month, later, and twice: none of these is shown.
    let months = ["2017-04", "2018-04", "2018-05", "2018-02", "2018-03"];
    let former = months.iter().map(|month| former(month, &units)).collect();
    let bulletin = Bulletin::of_sealed(&document, former).unwrap();
    let pages = printed(&bulletin).concat();
    let trend = &pages[pages.find("各月得分趋势").unwrap()..];
    let place = |text: &str| trend.find(text).unwrap_or_else(|| panic!("{text}: {trend}"));
    assert!(place("2018年2月") < place("2018年3月") && place("2018年3月") < place("2018年4月"));
    for absent in ["2017年4月", "2018年5月"] {
        assert!(!trend.contains(absent), "{absent}");
    }
    let alone = printed(&published(&units)).concat();
    assert!(alone.contains("此前一年没有已发布的月份"));
}

#[test]
fn what_the_font_lacks_is_a_box_and_is_listed() {
    let mut units = units(5);
    units[0].name = "𠮷野🏙区".to_owned();
    let pages = printed(&published(&units));
    let all = pages.concat();
    assert!(all.contains("U+1F3D9、U+20BB7"), "{all}");
    // The text itself can still be copied and found.
    assert!(all.contains("𠮷野🏙区"), "{all}");
    assert!(!printed(&published(&crate::month::units(5))).concat().contains("U+"));
}

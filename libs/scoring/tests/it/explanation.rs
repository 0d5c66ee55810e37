//! The words of an explanation agree with the numbers of the evaluation.

use chengping_scoring::explain::{Explanation, Language, explain};
use chengping_scoring::score;

use crate::city::City;

fn district(language: Language) -> Explanation {
    body("d01", language)
}

fn body(id: &str, language: Language) -> Explanation {
    let city = City::get();
    let evaluation = score(&city.input("2018-04".parse().unwrap()));
    explain(&city.pack, evaluation.scorecard(&id.parse().unwrap()).unwrap(), language)
}

fn computations(explanation: &Explanation, id: &str) -> Vec<String> {
    let item = explanation.items.iter().find(|item| item.id == id).unwrap();
    let parts = item.parts.iter().map(|part| part.computation.clone());
    [item.formula.clone()].into_iter().chain(parts).chain(item.weighting.clone()).collect()
}

#[test]
fn a_deduction_is_printed_with_its_formula_and_its_numbers() {
    let explanation = district(Language::En);
    assert_eq!(explanation.total.as_deref(), Some("100 − 6.5246 − 4.0526 − 2.6558 − 0 = 86.77"));
    assert_eq!(
        computations(&explanation, "N1"),
        [
            "30 × (1 − closed on time ÷ closure due)",
            "30 × (1 − 27 ÷ 28) = 1.0714",
            "30 × (1 − 29 ÷ 37) = 6.4865",
            "0.6 × 1.0714 + 0.4 × 6.4865 = 3.2375",
        ]
    );
    assert_eq!(
        computations(&explanation, "P1"),
        [
            "9 × (1 − handled ÷ closure due)",
            "9 × (1 − 20 ÷ 20) = 0",
            "9 × (1 − 18 ÷ 19) × 1.6667 = 0.7895",
            "0.6 × 0 + 0.4 × 0.7895 = 0.3158",
        ]
    );
}

#[test]
fn an_item_that_does_not_apply_says_why() {
    let explanation = district(Language::Zh);
    assert_eq!(
        computations(&explanation, "P2"),
        [
            "6 × (1 − 满意度指数 ÷ 100)",
            "6 × (1 − 35 ÷ 100) = 3.9",
            "不适用：有效回访 4 件，少于 5 件",
            "0.6 × 3.9 + 0.4 × 0 = 2.34",
        ]
    );
}

#[test]
fn counts_orders_and_increases_have_their_formulas_too() {
    let explanation = district(Language::Zh);
    assert_eq!(
        computations(&explanation, "N4")[..2],
        [
            "min(5, 0.5 × 100 × (超期未结案数 + 遗留案件未处置量) ÷ (应结案数 + 遗留案件数))",
            "min(5, 0.5 × 100 × 1 ÷ 29) = 1.7241",
        ]
    );
    assert_eq!(
        computations(&explanation, "N5")[..2],
        ["5 × 分档比例(立案数 ÷ 有效规模 ÷ 同组中位数)", "5 × 分档比例(0.1421 ÷ 0.1189) = 1.25"]
    );
    assert_eq!(
        computations(&explanation, "L2")[..3],
        [
            "min(5, 0.1 × 100 × max(0, 本月 − 上月) ÷ 上月)",
            "min(5, 0.1 × 100 × max(0, 15 − 23) ÷ 23) = 0",
            "min(5, 0.1 × 100 × max(0, 48 − 38) ÷ 38) = 2.6316",
        ]
    );
    assert_eq!(computations(&explanation, "S1")[1], "min(10, 0.5 × (0 + 2 × 0)) = 0");
}

#[test]
fn a_post_is_explained_with_its_aspects_and_whose_work_is_counted() {
    let desk = body("sup1", Language::En);
    assert_eq!(desk.total.as_deref(), Some("100 − 0.8492 − 2.5850 = 96.57"));
    let aspects: Vec<_> =
        desk.items.iter().map(|item| (item.id.as_str(), item.aspect.as_deref())).collect();
    assert_eq!(aspects[0], ("accepting", Some("completion")));
    assert_eq!(aspects[4], ("R20", Some("accuracy")));
    assert_eq!(
        computations(&desk, "accepting"),
        [
            "12.5 × (1 − accepted or declined ÷ received), of all teams and untouched cases",
            "12.5 × (1 − 1942 ÷ 1945) = 0.0193",
        ]
    );
    assert_eq!(
        computations(&desk, "R07"),
        ["17.5 × (1 − closed on time ÷ closure due)", "17.5 × (1 − 846 ÷ 961) = 2.0942"]
    );
}

#[test]
fn a_post_is_explained_in_chinese_too() {
    let team = body("c01", Language::Zh);
    let aspects: Vec<_> = team.items.iter().filter_map(|item| item.aspect.as_deref()).collect();
    assert_eq!(aspects, ["工作准确度", "工作完成度", "按时程度", "按时程度"]);
    assert_eq!(
        computations(&team, "R13"),
        ["min(20, 0.2 × 100 × 漏报数 ÷ 漏报基数)", "min(20, 0.2 × 100 × 44 ÷ 175) = 5.0286"]
    );
    let desk = body("cmd1", Language::Zh);
    assert_eq!(
        computations(&desk, "R02"),
        [
            "20 × (1 − 派遣完成数 ÷ 应派遣数)（各班组合计，含无人经手的案件）",
            "20 × (1 − 1806 ÷ 1810) = 0.0442",
        ]
    );
    assert!(body("d01", Language::Zh).items.iter().all(|item| item.aspect.is_none()));
}

//! What the codes of categories mean.

use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::registry_row::Content;

use crate::import::{counts, row};
use crate::service::{Service, ZZ, start};

const SCHEME: &str = "gbt-30428.2-2013-event";

fn category(code: &str, name: &str, from: &str, to: &str) -> pb::RegistryRow {
    let content = Content::Category(pb::Category {
        scheme: SCHEME.to_owned(),
        code: code.to_owned(),
        display_name: name.to_owned(),
        valid_from: from.to_owned(),
        valid_to: to.to_owned(),
        local_extension: code.starts_with('9'),
        ..Default::default()
    });
    row("categories.csv", 2, content)
}

fn limit(id: &str, code: &str, limit: &str, from: &str) -> pb::RegistryRow {
    let content = Content::FilingLimit(pb::FilingLimit {
        condition_id: id.to_owned(),
        category_scheme: SCHEME.to_owned(),
        category_code: code.to_owned(),
        limit: limit.to_owned(),
        unit: "work_hour".to_owned(),
        valid_from: from.to_owned(),
        display_name: format!("条件 {id}"),
        ..Default::default()
    });
    row("filing_conditions.csv", 2, content)
}

async fn listed(service: &mut Service, page_size: i32) -> Vec<pb::Category> {
    let mut request =
        pb::ListCategoriesRequest { parent: ZZ.to_owned(), page_size, ..Default::default() };
    let mut all = Vec::new();
    loop {
        let page = service.registry.list_categories(request.clone()).await.unwrap().into_inner();
        all.extend(page.categories);
        if page.next_page_token.is_empty() {
            return all;
        }
        request.page_token = page.next_page_token;
    }
}

#[tokio::test]
async fn a_category_stands_under_others_and_has_the_conditions_of_its_code() {
    let mut service = start().await;
    let rows = vec![
        category("01", "市容环境", "2016-01", ""),
        category("0101", "私搭乱建", "2016-01", "2017-12"),
        category("0101", "违法建设", "2018-01", ""),
        category("9901", "共享单车", "2018-01", ""),
        limit("c1", "01", "4", "2016-01"),
        limit("c1", "0101", "1.5", "2016-01"),
        limit("c2", "0101", "8", "2018-01"),
        limit("c3", "0102", "8", "2018-01"),
    ];
    let answer = service.import(vec![rows.clone()], false).await;
    assert_eq!(counts(&answer), (8, 0, 0, 0));
    // No evaluation reads them, so that they are in no revision.
    assert_eq!(answer.registry_revision, None);
    let all = listed(&mut service, 2).await;
    assert_eq!(all, listed(&mut service, 0).await);
    let paths: Vec<_> = all.iter().map(|category| category.path.join("/")).collect();
    assert_eq!(paths, ["市容环境", "市容环境/私搭乱建", "市容环境/违法建设", "共享单车"]);
    assert_eq!(all[2].name, format!("{ZZ}/categories/{SCHEME}:0101"));
    let limits: Vec<_> = all[2]
        .conditions
        .iter()
        .map(|row| (row.condition.as_str(), row.limit, row.exact_limit.as_str()))
        .collect();
    assert_eq!(limits, [("条件 c1", 0, "1.5"), ("条件 c2", 8, "8")]);
    assert_eq!((all[3].local_extension, all[3].conditions.len()), (true, 0));

    let again = service.import(vec![rows], false).await;
    assert_eq!((counts(&again), again.difference_count), ((0, 0, 8, 0), 0));
    let request = pb::ListAuditEntriesRequest { parent: ZZ.to_owned(), ..Default::default() };
    let entries = service.packs.list_audit_entries(request).await.unwrap().into_inner();
    let resources: Vec<_> = entries.audit_entries.into_iter().map(|entry| entry.resource).collect();
    assert_eq!(resources, [format!("{ZZ}/categories"), format!("{ZZ}/deadlineRules")]);
}

#[tokio::test]
async fn rows_of_a_category_never_overlap_and_bad_ones_are_told() {
    let mut service = start().await;
    let rows = vec![
        category("01", "市容环境", "2016-01", "2018-04"),
        category("01", "市容", "2018-04", ""),
        category("", "无", "2016-01", ""),
        category("02", "", "2016-01", ""),
    ];
    let answer = service.import(vec![rows], false).await;
    let codes: Vec<_> =
        answer.rejects.iter().map(|row| (row.column.as_str(), row.code.as_str())).collect();
    let expected =
        [("", "conflict"), ("category_code", "missing_category"), ("name", "missing_name")];
    assert_eq!(codes, expected);
}

#[tokio::test]
async fn categories_are_taken_out_and_replaced_as_other_rows_are() {
    let mut service = start().await;
    let rows =
        vec![category("01", "市容环境", "2016-01", ""), category("02", "宣传广告", "2016-01", "")];
    service.import(vec![rows], false).await;
    let request = pb::RemoveRegistryRowsRequest {
        parent: ZZ.to_owned(),
        rows: vec![category("02", "", "2016-01", "")],
        reason: "误登".to_owned(),
        ..Default::default()
    };
    let done = service.registry.remove_registry_rows(request).await.unwrap().into_inner();
    assert_eq!((done.registry_revision, done.difference_count), (None, 1));
    let message = pb::ImportRegistryRequest {
        parent: ZZ.to_owned(),
        rows: vec![category("03", "施工管理", "2016-01", "")],
        replace: true,
        ..Default::default()
    };
    let messages = tokio_stream::iter([message]);
    let answer = service.registry.import_registry(messages).await.unwrap().into_inner();
    assert_eq!((answer.added_count, answer.removed_count), (1, 1));
    assert_eq!(listed(&mut service, 0).await.len(), 1);
}

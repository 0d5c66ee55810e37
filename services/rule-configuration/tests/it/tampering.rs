//! Whoever changes the audit log past the service is found, and so is what was changed.

use chengping_proto::rules::v1 as pb;
use chengping_types::{Instant, canonical};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

use crate::filters::change_by;
use crate::service::{Service, ZZ, start};

/// What a superuser does first who wants to change what is kept.
const FORCE: &str = "set search_path = rule_configuration; set session_replication_role = replica;";

async fn superuser(service: &Service) -> PgConnection {
    let mut superuser = PgConnection::connect(service.database.admin_url()).await.unwrap();
    superuser.execute(FORCE).await.unwrap();
    superuser
}

pub(crate) async fn verify(service: &mut Service, parent: &str) -> pb::VerifyAuditEntriesResponse {
    let request = pb::VerifyAuditEntriesRequest { parent: parent.to_owned() };
    service.packs.verify_audit_entries(request).await.unwrap().into_inner()
}

/// What is named, as entry and code.
async fn faults(service: &mut Service) -> Vec<(u64, String)> {
    let faults = verify(service, ZZ).await.faults;
    let place = |name: &str| {
        let number = name.strip_prefix("jurisdictions/zz/auditEntries/").unwrap();
        number.parse().unwrap()
    };
    faults.into_iter().map(|fault| (place(&fault.name), fault.code)).collect()
}

fn named(faults: &[(u64, &str)]) -> Vec<(u64, String)> {
    faults.iter().map(|(entry, code)| (*entry, (*code).to_owned())).collect()
}

/// The entries of the table in canonical order, as what their digests are made of.
async fn entries(superuser: &mut PgConnection) -> Vec<Value> {
    let rows = sqlx::query(
        "select *, (extract(epoch from create_time) * 1000000)::bigint as micros
         from audit_entry order by sequence",
    );
    let rows = rows.fetch_all(superuser).await.unwrap();
    let entry = |row: &sqlx::postgres::PgRow| {
        let text = |column: &str| row.get::<String, _>(column);
        json!({
            "jurisdiction": text("jurisdiction"),
            "sequence": row.get::<i64, _>("sequence"),
            "actor": text("actor"),
            "action": text("action"),
            "resource": text("resource"),
            "reason": text("reason"),
            "digest_before": text("digest_before"),
            "digest_after": text("digest_after"),
            "previous_digest": text("previous_digest"),
            "create_time": Instant::from_micros(row.get("micros")).to_string(),
        })
    };
    rows.iter().map(entry).collect()
}

/// Writes an entry, with a digest that fits what it says; gives that digest.
async fn put(superuser: &mut PgConnection, entry: &Value) -> String {
    let digest = canonical::digest(entry).unwrap().to_string();
    sqlx::query(
        "insert into audit_entry (jurisdiction, sequence, actor, action, resource, reason,
             digest_before, digest_after, previous_digest, create_time, digest)
         select jurisdiction, sequence, actor, action, resource, reason, digest_before,
             digest_after, previous_digest, create_time, $2
         from jsonb_populate_record(null::audit_entry, $1)
         on conflict (jurisdiction, sequence) do update set actor = excluded.actor,
             reason = excluded.reason, previous_digest = excluded.previous_digest,
             digest = excluded.digest",
    )
    .bind(entry)
    .bind(&digest)
    .execute(superuser)
    .await
    .unwrap();
    digest
}

/// Five entries, and a superuser who kept a copy of them.
async fn five() -> (Service, PgConnection) {
    let mut service = start().await;
    for number in 1..=5 {
        change_by(&mut service, number, "wang", "节").await;
    }
    let mut superuser = superuser(&service).await;
    superuser.execute("create table kept as table audit_entry").await.unwrap();
    (service, superuser)
}

async fn restore(superuser: &mut PgConnection) {
    superuser
        .execute("delete from audit_entry; insert into audit_entry select * from kept")
        .await
        .unwrap();
}

#[tokio::test]
async fn an_intact_log_is_told_with_the_digest_of_its_newest_entry() {
    let (mut service, mut superuser) = five().await;
    let whole = verify(&mut service, ZZ).await;
    assert_eq!((whole.entry_count, whole.faults.len()), (5, 0));
    let newest = entries(&mut superuser).await.pop().unwrap();
    assert_eq!(whole.digest, canonical::digest(&newest).unwrap().to_string());
    let empty = verify(&mut service, "jurisdictions/kf").await;
    assert_eq!(empty, pb::VerifyAuditEntriesResponse::default());
}

#[tokio::test]
async fn each_way_to_change_the_log_is_found_and_the_entry_named() {
    let (mut service, mut superuser) = five().await;
    for column in [
        "actor",
        "action",
        "resource",
        "reason",
        "digest_before",
        "digest_after",
        "previous_digest",
        "digest",
    ] {
        let update =
            format!("update audit_entry set {column} = {column} || 'x' where sequence = 3");
        superuser.execute(AssertSqlSafe(update)).await.unwrap();
        assert_eq!(faults(&mut service).await, named(&[(3, "digest_mismatch")]), "{column}");
        restore(&mut superuser).await;
    }
    for (change, expected) in [
        (
            "update audit_entry set create_time = create_time + interval '1 microsecond'
             where sequence = 5",
            &[(5, "digest_mismatch")][..],
        ),
        ("delete from audit_entry where sequence = 1", &[(1, "missing")]),
        ("delete from audit_entry where sequence = 3", &[(3, "missing")]),
        ("delete from audit_entry where sequence > 3", &[(4, "missing"), (5, "missing")]),
        (
            "delete from audit_entry",
            &[(1, "missing"), (2, "missing"), (3, "missing"), (4, "missing"), (5, "missing")],
        ),
        // Two rows that change places.
        (
            "update audit_entry set sequence = 7 - sequence + 100 where sequence in (3, 4);
             update audit_entry set sequence = sequence - 100 where sequence > 100",
            &[(3, "digest_mismatch"), (4, "digest_mismatch")],
        ),
    ] {
        superuser.execute(change).await.unwrap();
        assert_eq!(faults(&mut service).await, named(expected), "{change}");
        restore(&mut superuser).await;
    }
    assert!(faults(&mut service).await.is_empty());
}

#[tokio::test]
async fn an_entry_in_the_place_of_another_and_a_rewritten_chain_are_found() {
    let (mut service, mut superuser) = five().await;
    let mut forged = entries(&mut superuser).await;
    forged[2]["actor"] = "li".into();
    put(&mut superuser, &forged[2]).await;
    assert_eq!(faults(&mut service).await, named(&[(3, "chain_broken")]));
    // The rest of the chain made to fit: only the head does not.
    for index in 3..5 {
        let before = canonical::digest(&forged[index - 1]).unwrap().to_string();
        forged[index]["previous_digest"] = before.into();
        put(&mut superuser, &forged[index]).await;
    }
    assert_eq!(faults(&mut service).await, named(&[(5, "head_mismatch")]));
    // One more entry than the jurisdiction knows of.
    restore(&mut superuser).await;
    let mut sixth = entries(&mut superuser).await.pop().unwrap();
    sixth["previous_digest"] = canonical::digest(&sixth).unwrap().to_string().into();
    sixth["sequence"] = 6.into();
    put(&mut superuser, &sixth).await;
    assert_eq!(faults(&mut service).await, named(&[(6, "head_mismatch")]));
    restore(&mut superuser).await;
    superuser.execute("update jurisdiction_head set audit_digest = 'x'").await.unwrap();
    assert_eq!(faults(&mut service).await, named(&[(5, "head_mismatch")]));
}

#[tokio::test]
async fn an_entry_of_another_jurisdiction_is_none_of_this_one() {
    let (mut service, mut superuser) = five().await;
    let moved = "insert into audit_entry select 'kf', sequence, actor, action, resource, reason,
             digest_before, digest_after, previous_digest, digest, create_time from kept;
         insert into jurisdiction_head (jurisdiction, audit_sequence, audit_digest)
         select 'kf', audit_sequence, audit_digest from jurisdiction_head";
    superuser.execute(moved).await.unwrap();
    let kf = verify(&mut service, "jurisdictions/kf").await;
    let names: Vec<_> = kf.faults.iter().map(|fault| (&*fault.name, &*fault.code)).collect();
    assert_eq!(names[0], ("jurisdictions/kf/auditEntries/1", "digest_mismatch"));
    assert_eq!(names.len(), 5);
    assert!(faults(&mut service).await.is_empty());
}

#[tokio::test]
async fn a_log_of_many_pieces_is_followed_to_its_end_and_a_hundred_faults_are_told() {
    let (mut service, mut superuser) = five().await;
    let mut entry = entries(&mut superuser).await.pop().unwrap();
    let mut digest = canonical::digest(&entry).unwrap().to_string();
    superuser.execute("begin").await.unwrap();
    for sequence in 6..=2_500 {
        entry["sequence"] = sequence.into();
        entry["previous_digest"] = digest.into();
        digest = put(&mut superuser, &entry).await;
    }
    sqlx::query("update jurisdiction_head set audit_sequence = 2500, audit_digest = $1")
        .bind(&digest)
        .execute(&mut superuser)
        .await
        .unwrap();
    superuser.execute("commit").await.unwrap();
    let whole = verify(&mut service, ZZ).await;
    assert_eq!((whole.entry_count, whole.digest, whole.faults), (2_500, digest, vec![]));
    superuser.execute("delete from audit_entry where sequence in (1000, 1001)").await.unwrap();
    let missing = named(&[(1_000, "missing"), (1_001, "missing")]);
    assert_eq!(faults(&mut service).await, missing);
    superuser.execute("update audit_entry set actor = 'li'").await.unwrap();
    assert_eq!(faults(&mut service).await.len(), 100);
}

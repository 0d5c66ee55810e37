//! Versions as files for people.

use chengping_bulletin::{Bulletin, FileFormat, Former};
use chengping_ledger::bundle::Bundle;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::export_bulletin_version_request::Format;
use chengping_types::{Digest, canonical};
use tonic::{Code, Status};

use crate::month::{Unit, documents, units};
use crate::scoring::Evaluation;
use crate::service::{Service, bulletin_name, fields, refusal, start};

impl Service {
    /// Adds an evaluation of bodies that did so, and gives its name.
    fn evaluated(&self, id: &str, month: &str, units: &[Unit]) -> String {
        let documents = documents(month, units);
        let made = crate::scoring::evaluation(id, month, "0.00");
        let digest = Digest::of(&documents.results).to_string();
        let message = chengping_proto::scoring::v1::Evaluation { digest, ..made.message };
        let evaluation = Evaluation { message, results: documents.results, input: documents.input };
        self.scoring.put(id, evaluation)
    }

    async fn released(&self, id: &str, month: &str, units: &[Unit], reason: &str) -> String {
        let evaluation = self.evaluated(id, month, units);
        let version = self.create(month, &evaluation, reason).await.unwrap();
        self.publish(&version.name).await.unwrap().name
    }

    async fn export(&self, name: &str, format: Format) -> Result<Vec<u8>, Status> {
        let request =
            pb::ExportBulletinVersionRequest { name: name.to_owned(), format: format.into() };
        let mut parts = self.bulletins.clone().export_bulletin_version(request).await?.into_inner();
        let mut bytes = Vec::new();
        while let Some(part) = parts.message().await? {
            assert!((1..=1 << 20).contains(&part.data.len()));
            bytes.extend(part.data);
        }
        Ok(bytes)
    }
}

async fn bundle(service: &Service, name: &str) -> Bundle {
    Bundle::parse(&service.bundle(name).await).unwrap()
}

const FORMATS: [Format; 5] = [Format::Csv, Format::Xlsx, Format::Pdf, Format::Json, Format::Txt];

#[tokio::test]
async fn every_format_is_what_the_bundles_give_without_a_server() {
    let service = start().await;
    let (march, april) = (units(20), units(24));
    let before = service.released("m", "2018-03", &march, "").await;
    let name = service.released("a", "2018-04", &april, "").await;
    let (before, bundle) = (bundle(&service, &before).await, bundle(&service, &name).await);
    for format in FORMATS {
        let sealed = before.sealed().unwrap();
        let results = canonical::to_vec(&sealed.document().results).unwrap();
        let former = Former::read(1, sealed.digest(), &results).unwrap();
        let document = bundle.sealed().unwrap();
        let bulletin = Bulletin::of_sealed(document.bytes(), vec![former]).unwrap();
        let code = u8::try_from(i32::from(format)).unwrap();
        let expected = bulletin.render(FileFormat::from_code(code).unwrap()).unwrap();
        let found = service.export(&name, format).await.unwrap();
        assert!(found == expected, "{format:?}");
    }
    let text = service.export(&name, Format::Txt).await.unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains(&document_digest(&bundle)), "{text}");
    assert!(
        text.contains(&format!("与2018年3月第1版（{}）比较", document_digest(&before))),
        "{text}"
    );
}

fn document_digest(bundle: &Bundle) -> String {
    bundle.sealed().unwrap().digest().to_string()
}

#[tokio::test]
async fn what_is_published_later_changes_no_file() {
    let service = start().await;
    let first = service.released("a", "2018-04", &units(12), "").await;
    let mut files = Vec::new();
    for format in FORMATS {
        files.push(service.export(&first, format).await.unwrap());
    }
    // The month before comes only now, and then a correction.
    service.released("m", "2018-03", &units(12), "").await;
    let second = service.released("b", "2018-04", &units(13), "复核").await;
    for (format, file) in FORMATS.into_iter().zip(files) {
        assert!(service.export(&first, format).await.unwrap() == file, "{format:?}");
    }
    let text = String::from_utf8(service.export(&second, Format::Txt).await.unwrap()).unwrap();
    assert!(text.contains("与2018年3月第1版"), "{text}");
    assert!(text.contains("更正原因：复核。"), "{text}");
}

#[tokio::test]
async fn a_former_month_is_shown_in_the_version_that_stood_then() {
    let service = start().await;
    service.released("m1", "2018-03", &units(12), "").await;
    service.released("m2", "2018-03", &units(11), "再核").await;
    let april = service.released("a", "2018-04", &units(12), "").await;
    service.released("m3", "2018-03", &units(10), "三核").await;
    let text = String::from_utf8(service.export(&april, Format::Txt).await.unwrap()).unwrap();
    assert!(text.contains("与2018年3月第2版"), "{text}");
}

#[tokio::test]
async fn a_version_that_is_not_published_is_a_draft() {
    let service = start().await;
    let evaluation = service.evaluated("a", "2018-04", &units(6));
    let version = service.create("2018-04", &evaluation, "").await.unwrap();
    let text = service.export(&version.name, Format::Txt).await.unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("征求意见稿") && text.contains(&version.results_digest), "{text}");
    assert!(!text.contains("chengping verify"), "{text}");
    service.publish(&version.name).await.unwrap();
    let text = service.export(&version.name, Format::Txt).await.unwrap();
    assert!(!String::from_utf8(text).unwrap().contains("征求意见稿"));
}

#[tokio::test]
async fn many_at_once_get_the_same_file() {
    let service = start().await;
    let name = service.released("a", "2018-04", &units(60), "").await;
    let one = service.export(&name, Format::Pdf).await.unwrap();
    let all = futures_util::future::join_all((0..12).map(|_| service.export(&name, Format::Pdf)));
    for file in all.await {
        assert!(file.unwrap() == one);
    }
}

#[tokio::test]
async fn what_cannot_be_exported_says_why() {
    let service = start().await;
    let absent = format!("{}/versions/1", bulletin_name("2018-04"));
    let status = service.export(&absent, Format::Pdf).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "BULLETIN_VERSION_NOT_FOUND".to_owned()));

    let status = service.export("nothing", Format::Unspecified).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    assert_eq!(fields(&status), ["name", "format"]);
    let request = pb::ExportBulletinVersionRequest { name: absent, format: 99 };
    let status = service.bulletins.clone().export_bulletin_version(request).await.unwrap_err();
    assert_eq!(fields(&status), ["format"]);

    // Documents that no evaluation of ours exports are published, and have no files.
    let odd = service.published("odd", "2018-05", "").await;
    let status = service.export(&odd.name, Format::Csv).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::Internal, "EXPORT_FAILED".to_owned()));
}

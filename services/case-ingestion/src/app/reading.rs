//! Cases, their events, and their whole process.

use std::collections::BTreeMap;

use chengping_casework::{Case, ComputedDeadline, Event, Lifecycle, Timeline, View, timeline};
use chengping_chassis::page_token;
use chengping_types::{Instant, Month, name::CaseName, name::JurisdictionName};

use super::App;
use super::retention::here;
use crate::domain::{Accepted, Sight, Snapshot, missed_months};
use crate::error::Error;
use crate::store::{self, PgConnection, StoreError};

/// A page size that was not asked for.
const PAGE_SIZE_DEFAULT: u32 = 100;
/// The largest page.
const PAGE_SIZE_MAX: u32 = 1_000;

/// What the records of a page may take together: well below what clients take in one message.
const PAGE_BYTES_MAX: usize = 2 << 20;
/// What a record takes beside its free texts, at most.
const RECORD_BYTES: usize = 512;

/// Which page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    /// As the request has it; 0 for the default.
    pub(crate) size: i32,
    /// As the request has it; empty for the first.
    pub(crate) token: String,
}

/// The size of a page, and the position that it starts behind; `None` for the first.
pub(super) fn open_page(page: &Page, query: &[&str]) -> Result<(u32, Option<String>), Error> {
    let size = page_token::page_size(page.size, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)?;
    Ok((size, page_token::open(&page.token, query)?))
}

/// Something that a page lists.
pub(super) trait Listed {
    /// Roughly how many bytes it takes in an answer.
    fn bytes(&self) -> usize;
}

impl Listed for Snapshot {
    fn bytes(&self) -> usize {
        RECORD_BYTES
    }
}

impl Listed for Accepted<Case> {
    fn bytes(&self) -> usize {
        let Case { category_scheme, category_code, area_code, .. } = &self.record;
        let texts = [Some(category_scheme), Some(category_code), Some(area_code)];
        let optional = [self.record.title.as_ref(), self.record.filing_condition.as_ref()];
        let texts = texts.into_iter().chain(optional);
        RECORD_BYTES + texts.flatten().map(String::len).sum::<usize>()
    }
}

impl Listed for Accepted<Event> {
    fn bytes(&self) -> usize {
        let texts = [&self.record.outcome, &self.record.note];
        RECORD_BYTES + texts.into_iter().flatten().map(String::len).sum::<usize>()
    }
}

/// How many of the first items one page can hold: at least one.
fn fitting<T: Listed>(items: &[T], size: usize) -> usize {
    let mut bytes = 0;
    let fits = |item: &&T| {
        bytes += item.bytes();
        bytes <= PAGE_BYTES_MAX
    };
    items.iter().take(size).take_while(fits).count().max(1)
}

/// Leaves at most `size` of one item more in `items`, and gives the token of the next page; empty
/// at the end.
pub(super) fn close_page<T: Listed>(
    items: &mut Vec<T>,
    size: u32,
    query: &[&str],
    position: impl Fn(&T) -> String,
) -> String {
    let size = fitting(items, usize::try_from(size).expect("a page fits"));
    if items.len() <= size {
        return String::new();
    }
    items.truncate(size);
    items.last().map_or_else(String::new, |last| page_token::issue(&position(last), query))
}

/// The process of a case with the events behind it.
#[derive(Debug)]
pub(crate) struct CaseTimeline {
    pub(crate) timeline: Timeline,
    pub(crate) events: Vec<ShownEvent>,
}

/// An accepted event with its deadline, given or computed.
#[derive(Debug)]
pub(crate) struct ShownEvent {
    pub(crate) accepted: Accepted<Event>,
    /// What its deadline was computed from, where it was.
    pub(crate) computed: Option<ComputedDeadline>,
    /// The frozen months that it came too late for.
    pub(crate) missed_months: Vec<Month>,
}

/// What is known beside the events of a case.
struct Beside {
    computed: BTreeMap<u64, ComputedDeadline>,
    frozen: Vec<(Month, Sight)>,
}

impl Beside {
    async fn load(
        connection: &mut PgConnection,
        CaseName { jurisdiction, case_no }: &CaseName,
    ) -> Result<Self, StoreError> {
        let computed = store::deadline::of_case(connection, jurisdiction, case_no).await?;
        Ok(Self { computed, frozen: store::snapshot::frozen(connection, jurisdiction).await? })
    }
}

fn show(mut accepted: Accepted<Event>, Beside { computed, frozen }: &mut Beside) -> ShownEvent {
    let computed = computed.remove(&accepted.record.event_no);
    if let Some(computed) = &computed {
        accepted.record.due_at = Some(computed.due_at);
    }
    let missed_months = missed_months(&accepted.record, accepted.sequence, frozen);
    ShownEvent { accepted, computed, missed_months }
}

impl App {
    /// A case, for whom it concerns.
    pub(crate) async fn case_for(&self, name: &CaseName) -> Result<Accepted<Case>, Error> {
        self.look_at(name, name.to_string()).await?;
        self.case(name).await
    }

    /// A case.
    async fn case(&self, name: &CaseName) -> Result<Accepted<Case>, Error> {
        let mut connection = store::acquire(&self.pool).await?;
        store::case::get_one(&mut connection, &name.jurisdiction, &name.case_no)
            .await?
            .ok_or_else(|| Error::CaseNotFound { name: name.to_string() })
    }

    /// Cases that the caller sees by number, and the token of the next page.
    pub(crate) async fn cases(
        &self,
        parent: &JurisdictionName,
        page: &Page,
    ) -> Result<(Vec<Accepted<Case>>, String), Error> {
        let jurisdiction = &parent.jurisdiction;
        let sight = self.case_sight(jurisdiction).await?;
        let mark = sight.mark();
        let query = ["cases", jurisdiction.as_str(), &mark];
        let (size, after) = open_page(page, &query)?;
        let after = after.unwrap_or_default();
        let (mut cases, go_on) = self.seen_cases(jurisdiction, &sight, after, size + 1).await?;
        let mut next = close_page(&mut cases, size, &query, |case| case.record.case_no.to_string());
        if let (true, Some(after)) = (next.is_empty(), go_on) {
            next = page_token::issue(&after, &query);
        }
        self.access.note(sight.sight(), jurisdiction, format!("{parent}/cases")).await?;
        Ok((cases, next))
    }

    /// Events of a case by number, and the token of the next page.
    pub(crate) async fn events(
        &self,
        parent: &CaseName,
        page: &Page,
    ) -> Result<(Vec<ShownEvent>, String), Error> {
        let query = ["events", parent.jurisdiction.as_str(), parent.case_no.as_str()];
        let (size, after) = open_page(page, &query)?;
        let after = after.and_then(|after| after.parse().ok()).unwrap_or_default();
        self.look_at(parent, format!("{parent}/events")).await?;
        self.case(parent).await?;
        let mut connection = store::acquire(&self.pool).await?;
        here(&mut connection, parent).await?;
        let CaseName { jurisdiction, case_no } = parent;
        let limit = Some(size + 1);
        let mut events =
            store::event::list(&mut connection, jurisdiction, case_no, after, limit).await?;
        // Asked again: what is put away meanwhile would just not be there.
        here(&mut connection, parent).await?;
        let next = close_page(&mut events, size, &query, |e| e.record.event_no.to_string());
        let mut beside = Beside::load(&mut connection, parent).await?;
        Ok((events.into_iter().map(|event| show(event, &mut beside)).collect(), next))
    }

    /// The whole process of a case as it stood before `as_of`, or as it stands.
    pub(crate) async fn timeline(
        &self,
        name: &CaseName,
        as_of: Option<Instant>,
        lifecycle: &Lifecycle,
    ) -> Result<CaseTimeline, Error> {
        self.look_at(name, format!("{name}/timeline")).await?;
        let case = self.case(name).await?.record;
        let mut connection = store::acquire(&self.pool).await?;
        here(&mut connection, name).await?;
        let CaseName { jurisdiction, case_no } = name;
        let events = store::event::list(&mut connection, jurisdiction, case_no, 0, None).await?;
        here(&mut connection, name).await?;
        let mut beside = Beside::load(&mut connection, name).await?;
        let mut events: Vec<_> = events.into_iter().map(|event| show(event, &mut beside)).collect();
        let view = View::at(as_of.unwrap_or(Instant::MAX));
        let records: Vec<_> = events.iter().map(|event| event.accepted.record.clone()).collect();
        let timeline = timeline(&case, &records, view, lifecycle);
        events.retain(|event| view.shows(&event.accepted.record));
        events.sort_by_key(|event| {
            let record = &event.accepted.record;
            (record.at, record.event_no)
        });
        Ok(CaseTimeline { timeline, events })
    }
}

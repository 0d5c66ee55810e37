//! Rows of a registry import, with the reject codes of the interchange contract.

use std::str::FromStr;

use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::registry_row::Content as PbContent;
use chengping_types::registry::{Area, AreaKind, Body, Coefficient, GridClass, LongTermEntry};
use chengping_types::{BodyId, BodyKind, Category, Exact, Month, Zone};

use super::deadline_rules::{calendar_day, filing_condition, first, working_hours};
use crate::domain::import::{Fault, Place, Record, Row};

const CODE_BYTES_MAX: usize = 128;
const TEXT_BYTES_MAX: usize = 1024;
/// Digits of a difficulty coefficient or an area, on either side of the point.
const DIGITS_MAX: usize = 6;

/// A row as it came.
pub(in crate::grpc) fn row(row: pb::RegistryRow) -> Row {
    let place = Place { file: row.file.chars().take(255).collect(), row: row.row };
    let record = match row.content {
        Some(PbContent::Body(body)) => self::body(body).map(Record::Body),
        Some(PbContent::Area(area)) => self::area(area).map(Record::Area),
        Some(PbContent::Coefficient(row)) => coefficient(row).map(Record::Coefficient),
        Some(PbContent::LongTerm(entry)) => long_term(entry).map(Record::LongTerm),
        Some(PbContent::WorkingHours(row)) => {
            working_hours(row).map_err(first).map(Record::WorkingHours)
        }
        Some(PbContent::CalendarDay(row)) => {
            calendar_day(row).map_err(first).map(Record::CalendarDay)
        }
        Some(PbContent::FilingLimit(row)) => filing_condition(row).map(Record::FilingCondition),
        Some(PbContent::Category(row)) => category(row).map(Record::Category),
        None => Err(missing("content")),
    };
    (place, record)
}

fn body(body: pb::Body) -> Result<Body, Fault> {
    let body_id = required("body_id", &body.body_id)?;
    let body_id = BodyId::from_str(body_id)
        .map_err(|error| Fault::new("body_id", "bad_body_id", error.to_string()))?;
    let kind = code("kind", body.kind, BodyKind::from_code, BodyKind::NAMES)?;
    let name = text("name", body.display_name)?;
    required("name", &name)?;
    let parent = reference("parent", &body.parent_body)?;
    let (valid_from, valid_to) = validity(&body.valid_from, &body.valid_to)?;
    let assessment_code = text("assessment_code", body.assessment_code)?;
    let assessment_code = Some(assessment_code).filter(|code| !code.is_empty());
    Ok(Body { body_id, kind, name, parent, valid_from, valid_to, assessment_code })
}

fn area(area: pb::Area) -> Result<Area, Fault> {
    let area_code = short("area_code", area.area_code)?;
    let kind = code("kind", area.kind, AreaKind::from_code, AreaKind::NAMES)?;
    let name = text("name", area.display_name)?;
    let district = reference("district", &area.district)?;
    let subdistrict = reference("subdistrict", &area.subdistrict)?;
    let window = reference("window", &area.window)?;
    let zone = code("zone", area.zone, Zone::from_code, Zone::NAMES)?;
    let (valid_from, valid_to) = validity(&area.valid_from, &area.valid_to)?;
    Ok(Area { area_code, kind, name, district, subdistrict, window, zone, valid_from, valid_to })
}

pub(super) fn coefficient(row: pb::Coefficient) -> Result<Coefficient, Fault> {
    required("body_id", &row.body_id)?;
    let body_id = reference("body_id", &row.body_id)?.ok_or_else(|| missing("body_id"))?;
    let zone = code("zone", row.zone, Zone::from_code, Zone::NAMES)?;
    let road_sections = u32::try_from(row.road_sections)
        .map_err(|_| Fault::new("road_sections", "bad_number", "must not be negative"))?;
    let difficulty = decimal("difficulty", &row.difficulty)?;
    let valid_from = month("valid_from", required("valid_from", &row.valid_from)?)?;
    let approved_by = text("approved_by", row.approved_by)?;
    required("approved_by", &approved_by)?;
    let reason = text("reason", row.reason)?;
    required("reason", &reason)?;
    let area_km2 = &row.area_km2;
    let area_km2 = (!area_km2.is_empty()).then(|| decimal("area_km2", area_km2)).transpose()?;
    let population = row.population.map(number_of_people).transpose()?;
    let grid_class = match row.grid_class {
        0 => None,
        class => Some(code("grid_class", class, GridClass::from_code, GridClass::NAMES)?),
    };
    Ok(Coefficient {
        body_id,
        zone,
        road_sections,
        difficulty,
        valid_from,
        approved_by,
        reason,
        area_km2,
        population,
        grid_class,
    })
}

fn number_of_people(number: i64) -> Result<u32, Fault> {
    let message = "must be a number of people, from 0 on";
    u32::try_from(number).map_err(|_| Fault::new("population", "bad_number", message))
}

fn long_term(entry: pb::LongTermEntry) -> Result<LongTermEntry, Fault> {
    let category_scheme = short("category_scheme", entry.category_scheme)?;
    let category_code = short("category_code", entry.category_code)?;
    let (valid_from, valid_to) = validity(&entry.valid_from, &entry.valid_to)?;
    let area_code = match entry.area_code.as_str() {
        "" => None,
        _ => Some(short("area_code", entry.area_code)?),
    };
    Ok(LongTermEntry { category_scheme, category_code, valid_from, valid_to, area_code })
}

fn category(row: pb::Category) -> Result<Category, Fault> {
    let of_category = |fault: Fault| match fault.code.starts_with("missing_") {
        true => Fault { code: "missing_category".to_owned(), ..fault },
        false => fault,
    };
    let category_scheme = short("category_scheme", row.scheme).map_err(of_category)?;
    let category_code = short("category_code", row.code).map_err(of_category)?;
    let name = text("name", row.display_name)?;
    required("name", &name)?;
    let (valid_from, valid_to) = validity(&row.valid_from, &row.valid_to)?;
    let local_extension = row.local_extension;
    Ok(Category { category_scheme, category_code, name, valid_from, valid_to, local_extension })
}

pub(super) fn missing(column: &'static str) -> Fault {
    Fault::new(column, &format!("missing_{column}"), format!("{column} is empty; fill it in"))
}

pub(super) fn required<'a>(column: &'static str, text: &'a str) -> Result<&'a str, Fault> {
    if text.trim().is_empty() { Err(missing(column)) } else { Ok(text) }
}

pub(super) fn text(column: &'static str, text: String) -> Result<String, Fault> {
    if text.len() > TEXT_BYTES_MAX || text.chars().any(char::is_control) {
        let message = format!(
            "{column} has control characters or more than {TEXT_BYTES_MAX} bytes; shorten it"
        );
        return Err(Fault::new(column, "bad_text", message));
    }
    Ok(text)
}

/// A code that must be there.
pub(super) fn short(column: &'static str, code: String) -> Result<String, Fault> {
    required(column, &code)?;
    if code.len() > CODE_BYTES_MAX {
        let message = format!("{column} has more than {CODE_BYTES_MAX} bytes; shorten it");
        return Err(Fault::new(column, "bad_text", message));
    }
    text(column, code)
}

/// What is no ID names nobody who could be known.
fn reference(column: &'static str, text: &str) -> Result<Option<BodyId>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    BodyId::from_str(text)
        .map(Some)
        .map_err(|error| Fault::new(column, "unknown_body", error.to_string()))
}

/// An enum, whose codes are those of the API; 0 is "not set" there.
pub(super) fn code<T>(
    column: &'static str,
    number: i32,
    from_code: impl Fn(u8) -> Option<T>,
    names: &[&str],
) -> Result<T, Fault> {
    if number == 0 {
        return Err(missing(column));
    }
    u8::try_from(number).ok().and_then(from_code).ok_or_else(|| {
        let message = format!("{column} {number} is unknown; one of {}", names.join(", "));
        Fault::new(column, &format!("unknown_{column}"), message)
    })
}

fn month(column: &'static str, text: &str) -> Result<Month, Fault> {
    text.parse::<Month>().map_err(|error| Fault::new(column, "bad_month", error.to_string()))
}

pub(super) fn validity(from: &str, to: &str) -> Result<(Month, Option<Month>), Fault> {
    let valid_from = month("valid_from", required("valid_from", from)?)?;
    let valid_to = if to.is_empty() { None } else { Some(month("valid_to", to)?) };
    if valid_to.is_some_and(|valid_to| valid_to < valid_from) {
        return Err(Fault::new("valid_to", "bad_month", "lies before valid_from; exchange them"));
    }
    Ok((valid_from, valid_to))
}

fn decimal(column: &'static str, text: &str) -> Result<Exact, Fault> {
    required(column, text)?;
    let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| {
        (1..=DIGITS_MAX).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let number = if digits(whole) && digits(places) { text.parse().ok() } else { None };
    number.ok_or_else(|| {
        let message = format!("{text:?} is not a decimal such as 0.85");
        Fault::new(column, "bad_number", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(content: PbContent) -> (&'static str, String) {
        let row = pb::RegistryRow { file: String::new(), row: 2, content: Some(content) };
        let fault = self::row(row).1.unwrap_err();
        (fault.column, fault.code)
    }

    fn good_body() -> pb::Body {
        pb::Body {
            body_id: "d01".to_owned(),
            kind: pb::BodyKind::District.into(),
            display_name: "第1区".to_owned(),
            valid_from: "2016-01".to_owned(),
            ..pb::Body::default()
        }
    }

    #[test]
    fn the_codes_of_the_api_are_those_of_the_domain() {
        for (number, kind) in (1..).zip(BodyKind::ALL) {
            let name = pb::BodyKind::try_from(number).unwrap().as_str_name().to_lowercase();
            assert_eq!(name, format!("body_kind_{kind}"));
            assert_eq!(i32::from(kind.code()), number);
        }
        for (number, zone) in (1..).zip(Zone::ALL) {
            let name = pb::Zone::try_from(number).unwrap().as_str_name().to_lowercase();
            assert_eq!((name, i32::from(zone.code())), (format!("zone_{zone}"), number));
        }
        for (number, kind) in (1..).zip(AreaKind::ALL) {
            let name = pb::AreaKind::try_from(number).unwrap().as_str_name().to_lowercase();
            assert_eq!((name, i32::from(kind.code())), (format!("area_kind_{kind}"), number));
        }
    }

    #[test]
    fn each_fault_of_a_body_has_its_code() {
        type Spoil = fn(&mut pb::Body);
        let table: [(Spoil, &str, &str); 9] = [
            (|body| body.body_id.clear(), "body_id", "missing_body_id"),
            (|body| body.body_id = "Bureau_7".to_owned(), "body_id", "bad_body_id"),
            (|body| body.kind = 0, "kind", "missing_kind"),
            (|body| body.kind = 99, "kind", "unknown_kind"),
            (|body| body.display_name.clear(), "name", "missing_name"),
            (|body| body.display_name = "a\0b".to_owned(), "name", "bad_text"),
            (|body| body.valid_from.clear(), "valid_from", "missing_valid_from"),
            (|body| body.valid_from = "2016-13".to_owned(), "valid_from", "bad_month"),
            (|body| body.valid_to = "2015-12".to_owned(), "valid_to", "bad_month"),
        ];
        for (spoil, column, code) in table {
            let mut body = good_body();
            spoil(&mut body);
            assert_eq!(fault(PbContent::Body(body)), (column, code.to_owned()));
        }
    }

    #[test]
    fn a_difficulty_is_a_plain_decimal() {
        for good in ["0.85", "1", "1.10", "0"] {
            assert!(decimal("difficulty", good).is_ok(), "{good}");
        }
        for bad in ["1,10", "-0.5", "3/4", "1e3", ".5", "1.", "1.0000000", " 1"] {
            assert_eq!(decimal("difficulty", bad).unwrap_err().code, "bad_number", "{bad}");
        }
        assert_eq!(decimal("difficulty", "").unwrap_err().code, "missing_difficulty");
    }

    #[test]
    fn each_fault_of_an_attribute_has_its_code() {
        let good = pb::Coefficient {
            body_id: "d01".to_owned(),
            zone: pb::Zone::Key.into(),
            difficulty: "1".to_owned(),
            valid_from: "2018-01".to_owned(),
            approved_by: "办公室".to_owned(),
            reason: "核定".to_owned(),
            area_km2: "83.1".to_owned(),
            population: Some(0),
            grid_class: 2,
            ..pb::Coefficient::default()
        };
        let kept = coefficient(good.clone()).unwrap();
        assert_eq!(kept.area_km2, "83.1".parse().ok());
        assert_eq!((kept.population, kept.grid_class), (Some(0), Some(GridClass::Two)));
        type Spoil = fn(&mut pb::Coefficient);
        let table: [(Spoil, &str, &str); 4] = [
            (|row| row.area_km2 = "-1".to_owned(), "area_km2", "bad_number"),
            (|row| row.population = Some(-1), "population", "bad_number"),
            (|row| row.population = Some(1 << 40), "population", "bad_number"),
            (|row| row.grid_class = 3, "grid_class", "unknown_grid_class"),
        ];
        for (spoil, column, code) in table {
            let mut row = good.clone();
            spoil(&mut row);
            assert_eq!(fault(PbContent::Coefficient(row)), (column, code.to_owned()));
        }
    }
}

//! The JSON Schema of packs agrees with the reader about the shape of packs.

use chengping_rules::{
    RulePack, builtin, builtin_names, derive, differences, pack_schema, read_derived,
};
use serde_json::Value;

/// Whether a text has the form of one of the patterns that the schema uses.
fn has_form(pattern: &str, text: &str) -> bool {
    let of = |most: usize, belongs: fn(char) -> bool| {
        !text.is_empty() && text.len() <= most && text.chars().all(belongs)
    };
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    match pattern {
        "[^ \\t\\r\\n]" => !text.trim().is_empty(),
        "^[a-z0-9][a-z0-9.-]{0,62}$" => {
            let first = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
            first && of(63, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c))
        }
        "^[a-z0-9_]{1,63}$" => of(63, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
        "^[A-Za-z0-9_]{1,16}$" => of(16, |c| c.is_ascii_alphanumeric() || c == '_'),
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" => {
            let parts: Vec<_> = text.split('-').collect();
            parts.iter().map(|part| part.len()).eq([4, 2, 2])
                && parts.iter().all(|part| digits(part))
        }
        "^(regulation|standard|assumption|city:.*[^ ].*)$" => {
            ["regulation", "standard", "assumption"].contains(&text)
                || text.strip_prefix("city:").is_some_and(|city| !city.trim().is_empty())
        }
        "^sha256:[0-9a-f]{64}$" => text.strip_prefix("sha256:").is_some_and(|digits| {
            digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        }),
        "^[0-9]+(\\.[0-9]+|/[0-9]*[1-9][0-9]*)?$" => match text.split_once(['.', '/']) {
            Some((whole, rest)) => digits(whole) && digits(rest),
            None => digits(text),
        },
        other => panic!("the schema has a new pattern: {other}"),
    }
}

/// The words of JSON Schema that the schema uses, and no others.
fn fits(schema: &Value, root: &Value, value: &Value) -> bool {
    schema.as_object().unwrap().iter().all(|(word, wanted)| match word.as_str() {
        "$schema" | "$defs" | "title" | "description" => true,
        "$ref" => {
            let path = wanted.as_str().unwrap().trim_start_matches('#');
            fits(root.pointer(path).unwrap_or_else(|| panic!("no {path}")), root, value)
        }
        "type" => match wanted.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_i64(),
            "boolean" => value.is_boolean(),
            other => panic!("the schema has a new type: {other}"),
        },
        "minimum" => value.as_i64().is_none_or(|number| number >= wanted.as_i64().unwrap()),
        "maximum" => value.as_i64().is_none_or(|number| number <= wanted.as_i64().unwrap()),
        "pattern" => value.as_str().is_none_or(|text| has_form(wanted.as_str().unwrap(), text)),
        "enum" => wanted.as_array().unwrap().contains(value),
        "items" => value.as_array().is_none_or(|all| all.iter().all(|one| fits(wanted, root, one))),
        "required" => {
            let names = wanted.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
            value.as_object().is_none_or(|all| names.into_iter().all(|name| all.contains_key(name)))
        }
        "properties" => value.as_object().is_none_or(|all| {
            all.iter().all(|(name, one)| wanted.get(name).is_none_or(|of| fits(of, root, one)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|all| {
            let known = schema.get("properties");
            let mut others = all
                .iter()
                .filter(|(name, _)| known.is_none_or(|known| known.get(name.as_str()).is_none()));
            match wanted {
                Value::Bool(false) => others.next().is_none(),
                of => others.all(|(_, one)| fits(of, root, one)),
            }
        }),
        "oneOf" => {
            let fitting = |of: &&Value| fits(of, root, value);
            wanted.as_array().unwrap().iter().filter(fitting).count() == 1
        }
        other => panic!("the schema has a new word: {other}"),
    })
}

fn is_valid(text: &str) -> bool {
    let value: Value = serde_saphyr::from_str(text).unwrap();
    let schema = pack_schema();
    fits(&schema, &schema, &value)
}

#[test]
fn every_shipped_pack_is_valid_also_in_its_canonical_form() {
    for name in builtin_names() {
        let text = builtin(name).unwrap();
        assert!(is_valid(text), "{name}");
        let canonical = RulePack::parse(text).unwrap().canonical();
        assert!(is_valid(&String::from_utf8(canonical).unwrap()), "{name}");
    }
}

/// The example of a district, from the shipped pack as a city's first revision.
const DISTRICT: &str = include_str!("../../../../docs/examples/district.yaml");

#[test]
fn the_example_of_a_district_is_valid_and_derives() {
    assert!(is_valid(DISTRICT));
    assert!(!is_valid(&DISTRICT.replace("revision: 1", "revision: 0")));
    let city = RulePack::parse(builtin("zz-2018").unwrap()).unwrap();
    let read = read_derived(DISTRICT).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let derivation = derive(&city, &read).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(derivation.idle, []);
    let changed: Vec<_> = differences(&city, &derivation.pack)
        .into_iter()
        .filter(|one| one.path.starts_with("families") && one.after.is_some())
        .map(|one| one.to_string())
        .filter(|one| !one.contains("(nothing)"))
        .collect();
    let expected = ["general: 0.4 → 0.3", "key: 0.6 → 0.7"];
    assert_eq!(changed, expected.map(|one| format!("families.area.zones.{one}")));
}

/// Changes of shape, each to `zz-2018`, which neither the reader nor the schema takes.
const MUTATIONS: &[(&str, &str)] = &[
    ("pack: zz-2018", "pack: ZZ 2018"),
    ("pack: zz-2018\n", "pack: zz-2018\ncolour: red\n"),
    ("title: {zh: ", "title: {zh_cn: "),
    ("freeze: {day: 3,", "freeze: {day: 28,"),
    ("freeze: {day: 3,", "freeze: {day: \"3\","),
    ("freeze: {day: 3, clause: \"2.7\",", "freeze: {day: 3,"),
    ("rework: same_unit", "rework: sometimes"),
    ("order: [public, long_term]", "order: [public, private]"),
    ("codes: [\"0101\", ", "codes: [101, "),
    ("base: {value: 100,", "base: {value: -100,"),
    ("base: {value: 100,", "base: {worth: 100,"),
    ("too_few_cases: unranked", "too_few_cases: hidden"),
    ("history_months: 12", "history_months: 13"),
    ("provenance: \"city:Changzhou\"", "provenance: \"city: \""),
    ("{up_to: \"0.5\", share: \"0\"}", "{up_to: \"0.5\"}"),
    ("key: \"0.6\"", "key: 0.6"),
    ("kinds: [window]", "kinds: [village]"),
    ("- id: regular\n", "- id: Regular Cases\n"),
    ("counts: regular", "counts: some"),
    ("zoned: false", "zoned: \"no\""),
    ("linear: {rate: closed / due, weight: 15}", "linier: {rate: closed / due, weight: 15}"),
    ("linear: {rate: closed / due, weight: 15}", "linear: {rate: closed / due}"),
    ("linear: {rate: closed / due, weight: 15}", "limit: \"1\""),
    (
        "linear: {rate: closed / due, weight: 15}",
        "linear: {rate: closed / due, weight: 15}\n            band: {count: filed, bands: relative, weight: 5}",
    ),
    ("by_size: true", "by_size: 1"),
    ("against: group_median", "against: neighbours"),
    ("aspect: accuracy", "aspect: zeal"),
    ("- id: R10", "- id: R-10"),
];

#[test]
fn what_is_of_another_shape_is_refused_by_the_schema_and_by_the_reader() {
    for (piece, other) in MUTATIONS {
        let text = builtin("zz-2018").unwrap();
        assert!(text.contains(piece), "{piece:?} is not in the pack any more");
        let text = text.replacen(piece, other, 1);
        assert!(!is_valid(&text), "the schema takes {other}");
        assert!(RulePack::parse(&text).is_err(), "the reader takes {other}");
    }
}

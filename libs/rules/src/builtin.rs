//! The packs that come with the product.

const PACKS: [(&str, &str); 5] = [
    ("beijing-1000", include_str!("../packs/beijing-1000.yaml")),
    ("boston-2011", include_str!("../packs/boston-2011.yaml")),
    ("gbt-30428.4", include_str!("../packs/gbt-30428.4.yaml")),
    ("jinhua", include_str!("../packs/jinhua.yaml")),
    ("zz-2018", include_str!("../packs/zz-2018.yaml")),
];

/// The YAML text of a built-in pack.
pub fn builtin(name: &str) -> Option<&'static str> {
    PACKS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of the built-in packs, sorted.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    PACKS.iter().map(|(name, _)| *name)
}

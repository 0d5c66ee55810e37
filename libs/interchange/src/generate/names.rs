//! Lists that names are put together from. No name is meant to be that of a real body or place.

use chengping_casework::Source;

/// First characters of districts and sub-districts.
pub(super) const FIRST: &[&str] = &[
    "启", "云", "安", "平", "和", "丰", "瑞", "嘉", "永", "清", "松", "柏", "桐", "榆", "梅", "兰",
];
/// Second characters.
pub(super) const SECOND: &[&str] = &["明", "岭", "河", "泉", "桥", "溪", "园", "苑", "台", "湾"];
/// Names of roads.
pub(super) const ROADS: &[&str] = &[
    "文昌", "建业", "迎春", "长风", "朝晖", "青年", "科学", "纬一", "纬二", "经三", "经四", "环湖",
    "丁香", "银杏", "书院", "钟楼", "新光", "航空", "工人", "向阳",
];
/// Kinds of roads.
pub(super) const ROAD_KINDS: &[&str] = &["路", "街", "大道", "巷"];
/// Window units (regulation 3.1.3).
pub(super) const WINDOWS: &[&str] = &["客运枢纽管理处", "会展中心管理处", "风景区管理处"];
/// Municipal bureaus (regulation 3.2.1).
pub(super) const BUREAUS: &[&str] = &[
    "城市管理局",
    "城乡建设局",
    "住房保障局",
    "园林局",
    "交通运输局",
    "生态环境局",
    "市场监督管理局",
    "公安局交通警察支队",
    "水务局",
    "轨道建设办公室",
    "文化旅游局",
    "商务局",
    "教育局",
    "卫生健康委员会",
    "民政局",
    "自然资源局",
    "应急管理局",
    "体育局",
    "农业农村局",
    "邮政管理局",
    "通信管理办公室",
    "人民防空办公室",
    "机关事务管理局",
    "广播电视局",
    "气象局",
];
/// Trades of specialised departments (regulation 3.2.2).
pub(super) const TRADES: &[&str] = &[
    "供水公司",
    "排水公司",
    "供电公司",
    "燃气公司",
    "热力公司",
    "通信公司",
    "公交公司",
    "环卫所",
    "绿化所",
    "路灯所",
    "市政所",
    "停车管理公司",
];

/// A category: scheme, code, name, time limit in hours, and whether a specialised department
/// handles it as a rule.
pub(super) struct Category {
    pub(super) scheme: &'static str,
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) hours: i64,
    pub(super) specialised: bool,
}

const EVENT: &str = "gbt-30428.2-2013-event";
const PART: &str = "gbt-30428.2-2013-part";

const fn category(
    scheme: &'static str,
    code: &'static str,
    name: &'static str,
    hours: i64,
    specialised: bool,
) -> Category {
    Category { scheme, code, name, hours, specialised }
}

/// Weights follow the share of street order and city appearance (method g); codes and limits
/// those of one published catalogue (method 2.2, 2.3).
pub(super) const CATEGORIES: &[(u64, Category)] = &[
    (100, category(EVENT, "0505", "店外经营", 4, false)),
    (95, category(EVENT, "0112", "道路不洁", 2, false)),
    (90, category(EVENT, "0201", "非法小广告", 24, false)),
    (85, category(EVENT, "0501", "无照游商", 4, false)),
    (80, category(EVENT, "0110", "暴露生活垃圾", 4, false)),
    (70, category(EVENT, "0506", "占道经营", 4, false)),
    (65, category(EVENT, "0510", "非机动车乱停放", 24, false)),
    (60, category(EVENT, "0136", "乱堆物料", 24, false)),
    (40, category(EVENT, "0113", "道路破损", 120, true)),
    (35, category(EVENT, "0117", "绿地脏乱", 48, true)),
    (35, category(EVENT, "0111", "积存渣土", 48, false)),
    (20, category(EVENT, "0304", "工地扬尘", 24, false)),
    (18, category(EVENT, "0101", "私搭乱建", 360, false)),
    (18, category(EVENT, "0203", "违规户外广告", 120, false)),
    (10, category(EVENT, "011003", "暴露生活垃圾：绿地", 4, false)),
    (8, category(EVENT, "0403", "排水管道堵塞", 24, true)),
    (6, category(EVENT, "0408", "架空线缆脱落", 4, true)),
    (22, category(PART, "0102", "污水井盖", 48, true)),
    (20, category(PART, "0305", "垃圾箱", 72, true)),
    (20, category(PART, "0137", "路灯", 72, true)),
    (18, category(PART, "0103", "雨水井盖", 48, true)),
    (12, category(PART, "0130", "电力立杆", 120, true)),
    (10, category(PART, "0402", "行道树", 120, true)),
    (10, category(PART, "0217", "交通护栏", 72, true)),
];

/// How cases come to be known, with weights.
pub(super) const SOURCES: &[(u64, Source)] = &[
    (680, Source::Patrol),
    (90, Source::Video),
    (88, Source::Transfer12345),
    (55, Source::Hotline12319),
    (38, Source::Wechat),
    (30, Source::CitizenApp),
    (6, Source::Transfer110),
    (4, Source::OtherPublic),
    (5, Source::Inspection),
    (2, Source::Media),
    (1, Source::Leader),
    (1, Source::Other),
];

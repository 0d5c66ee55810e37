//! Enums that have a stable name and a stable number, and the ones that every layer shares.

/// A name that is not one of a closed list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {what}: expected one of {}", .expected.join(", "))]
pub struct UnknownName {
    /// What was expected, such as `body kind`.
    pub what: &'static str,
    /// What was found, cut to 80 characters.
    pub text: String,
    /// Every name that would do.
    pub expected: &'static [&'static str],
}

/// Declares an enum whose variants have a stable name (in files, JSON, packs) and a stable code
/// (in columns and on the wire).
///
/// Gives `ALL`, `NAMES`, `as_str`, `code`, `from_code`, `FromStr`, `Display` and serde by name.
///
/// ```
/// chengping_types::named_enum! {
///     /// A colour.
///     pub enum Colour: "colour" {
///         /// Like grass.
///         Green = 1 => "green",
///         /// Like the sky.
///         Blue = 2 => "blue",
///     }
/// }
/// assert_eq!("blue".parse(), Ok(Colour::Blue));
/// assert_eq!(Colour::from_code(1), Some(Colour::Green));
/// ```
#[macro_export]
macro_rules! named_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident: $what:literal {
            $($(#[$variant_meta:meta])* $variant:ident = $code:literal => $text:literal),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        $vis enum $name {
            $($(#[$variant_meta])* $variant = $code,)+
        }

        impl $name {
            /// Every variant, in the order of its code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// Every name, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// The stable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// The variant of a code, if there is one.
            #[must_use]
            pub const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::UnknownName;

            fn from_str(text: &str) -> Result<Self, $crate::UnknownName> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::UnknownName {
                        what: $what,
                        text: text.chars().take(80).collect(),
                        expected: Self::NAMES,
                    }),
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl $crate::__serde::Serialize for $name {
            fn serialize<S>(&self, serializer: S) -> Result<S::Ok, S::Error>
            where
                S: $crate::__serde::Serializer,
            {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::__serde::Deserialize<'de> for $name {
            fn deserialize<D>(deserializer: D) -> Result<Self, D::Error>
            where
                D: $crate::__serde::Deserializer<'de>,
            {
                let text = <String as $crate::__serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err($crate::__serde::de::Error::custom)
            }
        }
    };
}

named_enum! {
    /// What kind of body is evaluated (regulation 3.1 to 3.3).
    pub enum BodyKind: "body kind" {
        /// 区、管委会 (3.1.1).
        District = 1 => "district",
        /// 街道、乡、镇、办 (3.1.2).
        Subdistrict = 2 => "subdistrict",
        /// 窗口单位 (3.1.3).
        Window = 3 => "window",
        /// 市直局委 (3.2.1).
        Bureau = 4 => "bureau",
        /// 专业职能部门 (3.2.2).
        Specialised = 5 => "specialised",
        /// 信息采集监督员 (3.3), a team.
        Collector = 6 => "collector",
        /// 监督坐席 (3.3): acceptors and shift leader, a team.
        SupervisionDesk = 7 => "supervision_desk",
        /// 指挥坐席 (3.3): dispatchers, a team.
        CommandDesk = 8 => "command_desk",
    }
}

impl BodyKind {
    /// The family whose items judge this kind.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::District | Self::Subdistrict | Self::Window => Family::Area,
            Self::Bureau | Self::Specialised => Family::Department,
            Self::Collector | Self::SupervisionDesk | Self::CommandDesk => Family::Post,
        }
    }
}

named_enum! {
    /// The three families of evaluation (regulation 1.4).
    pub enum Family: "family" {
        /// 区域评价.
        Area = 1 => "area",
        /// 部门评价.
        Department = 2 => "department",
        /// 岗位评价.
        Post = 3 => "post",
    }
}

named_enum! {
    /// The management zone of an area, frozen on a case when it is filed (regulation 5.2.5).
    pub enum Zone: "zone" {
        /// 重点管理区域.
        Key = 1 => "key",
        /// 一般管理区域.
        General = 2 => "general",
    }
}

named_enum! {
    /// The source stream of a case: each case has exactly one (regulation 4.1.1 to 4.1.3).
    ///
    /// Orders (4.1.4) lie on top and take no case out of its stream.
    pub enum Stream: "stream" {
        /// 常规案件.
        Regular = 1 => "regular",
        /// 长效治理案件.
        LongTerm = 2 => "long_term",
        /// 公众上报案件.
        Public = 3 => "public",
        /// Public cases of a long-term category, apart from the other public ones only where a
        /// pack counts them among the long-term ones, too (decisions.md 17, 151).
        PublicLongTerm = 4 => "public_long_term",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_come_back() {
        for kind in BodyKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert_eq!(BodyKind::from_code(kind.code()), Some(*kind));
        }
        assert_eq!(BodyKind::from_code(0), None);
        assert_eq!(serde_json::to_string(&Stream::LongTerm).unwrap(), "\"long_term\"");
        assert_eq!(serde_json::from_str::<Zone>("\"key\"").unwrap(), Zone::Key);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = "village".parse::<Zone>().unwrap_err();
        assert_eq!(error.to_string(), "\"village\" is not a zone: expected one of key, general");
    }
}

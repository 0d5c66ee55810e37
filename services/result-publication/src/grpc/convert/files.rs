//! Files that come with something.

use chengping_chassis::error::FieldErrors;

const FILE_NAME_BYTES_MAX: usize = 255;
const MEDIA_TYPE_BYTES_MAX: usize = 127;

/// The name of a file without space around it, and its media type; `field` names the field of each.
/// What is wrong with them is noted.
pub(super) fn described(
    errors: &mut FieldErrors,
    field: impl Fn(&str) -> String,
    file_name: &str,
    media_type: String,
) -> (String, String) {
    let file_name = file_name.trim();
    let odd = |c: char| c.is_control() || matches!(c, '/' | '\\');
    if file_name.is_empty() || file_name.len() > FILE_NAME_BYTES_MAX || file_name.contains(odd) {
        let what = format!("must be 1 to {FILE_NAME_BYTES_MAX} bytes, without folders");
        errors.push(field("file_name"), what);
    }
    if !is_media_type(&media_type) {
        errors.push(field("media_type"), "must be a media type such as image/jpeg");
    }
    (file_name.to_owned(), media_type)
}

/// Whether a text is a media type in lower case, without parameters.
fn is_media_type(text: &str) -> bool {
    let token = |part: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        !part.is_empty() && part.bytes().all(|byte| plain(byte) || b".+-_".contains(&byte))
    };
    let parts = text.split_once('/');
    text.len() <= MEDIA_TYPE_BYTES_MAX
        && parts.is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_is_one() {
        for good in ["image/jpeg", "application/vnd.ms-excel", "image/svg+xml"] {
            assert!(is_media_type(good), "{good}");
        }
        for bad in ["", "image", "image/", "/jpeg", "image/jpeg; a=b", "IMAGE/JPEG", "a/b/c"] {
            assert!(!is_media_type(bad), "{bad}");
        }
    }
}

//! How a reader checks a file, the same in each.

use crate::{Bulletin, FileFormat, Standing};

/// The name of the bundle in what follows.
fn bundle(bulletin: &Bulletin) -> String {
    format!("{}-{}-v{}.json", bulletin.jurisdiction, bulletin.month, bulletin.version)
}

/// The command that downloads the evidence of a version and checks it; none for a draft.
pub(crate) fn command(bulletin: &Bulletin) -> Option<String> {
    let Bulletin { jurisdiction, month, version, .. } = bulletin;
    bulletin.standing.digest()?;
    Some(format!(
        "chengping verify --jurisdiction {jurisdiction} --month {month} --version-number {version} \
         --out {} --key 公钥",
        bundle(bulletin)
    ))
}

/// How to check a version, and a file of it in `format`, a paragraph a line.
pub(crate) fn paragraphs(bulletin: &Bulletin, format: FileFormat) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(command) = command(bulletin) else {
        lines.push(
            "本稿尚未封存，仅供征求意见，不作为评价结果使用；正式发布后方可核验。".to_owned(),
        );
        lines.push(format!("评价结果摘要：{}", bulletin.results_digest));
        return lines;
    };
    if let Standing::Withdrawn { reason, .. } = &bulletin.standing {
        lines.push(format!("本版已撤回，撤回原因：{reason}。"));
    }
    lines.push(format!("版本摘要：{}", bulletin.shown_digest()));
    lines.push(format!("评价结果摘要：{}", bulletin.results_digest));
    lines.push(
        "核验不依赖发布机关的服务器：公钥请向评价办公室另行索取，下载证据包后可在任何电脑上离线核验封存、\
         日志、签名，并按封存的数据和规则重新计算每一个得分。"
            .to_owned(),
    );
    lines.push(format!("下载并核验：{command}"));
    let bundle = bundle(bulletin);
    lines.push(format!("离线核验：chengping verify {bundle} --key 公钥"));
    let former: String = bulletin
        .former
        .iter()
        .map(|former| format!(" --former {}的证据包", former.month()))
        .collect();
    let withdrawn = match bulletin.standing {
        Standing::Withdrawn { .. } => " --withdrawn 撤回原因",
        _ => "",
    };
    lines.push(format!(
        "核对本文件：chengping export --from {bundle}{former}{withdrawn} --format {format} --check 本文件"
    ));
    lines.push("本版以后是否更正或撤回，以发布系统和日志为准。".to_owned());
    lines
}

use crate::month::units;
use crate::sealed::*;
#[test]
fn show() {
    let mut before = units(40);
    before.reverse();
    let b = |n| {
        let units = units(n);
        let d = crate::month::documents("2018-04", &units);
        chengping_bulletin::Bulletin::of_sealed(&sealed(&d, 2, Some("复核更正")), vec![former("2018-03", &before), former("2018-01", &units)]).unwrap()
    };
    for n in [40, 600] {
        let b = b(n);
        for f in chengping_bulletin::FileFormat::ALL {
            let t = std::time::Instant::now();
            let bytes = b.render(*f).unwrap();
            eprintln!("{n} {f} {} bytes {:?}", bytes.len(), t.elapsed());
            std::fs::write(format!("/tmp/font/out-{n}.{f}"), bytes).unwrap();
        }
    }
    std::fs::write("/tmp/font/draft.pdf", draft(&units(5)).render(chengping_bulletin::FileFormat::Pdf).unwrap()).unwrap();
}

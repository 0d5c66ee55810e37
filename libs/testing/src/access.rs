//! Tables of who may call what, held against the contract.

use std::collections::BTreeSet;

use chengping_chassis::identity::Access;
use prost::Message as _;
use prost_types::FileDescriptorSet;

/// The methods of a package, as `package.Service/Method`, in an encoded `FileDescriptorSet`.
///
/// # Panics
///
/// If it is none.
pub fn methods(descriptors: &[u8], package: &str) -> BTreeSet<String> {
    let set = FileDescriptorSet::decode(descriptors).expect("an encoded set");
    let files = set.file.iter().filter(|file| file.package() == package);
    let of_service = |service: &prost_types::ServiceDescriptorProto| {
        let name = service.name().to_owned();
        let method = |method: &prost_types::MethodDescriptorProto| {
            format!("{package}.{name}/{}", method.name())
        };
        service.method.iter().map(method).collect::<Vec<_>>()
    };
    files.flat_map(|file| &file.service).flat_map(of_service).collect()
}

/// Whether a table says of each of these methods, and of no other, who may call it.
///
/// # Panics
///
/// If it does not.
pub fn assert_covers(access: &Access, methods: &BTreeSet<String>) {
    let table: BTreeSet<String> = access.iter().map(|(method, _)| (*method).to_owned()).collect();
    assert_eq!(&table, methods, "say in ACCESS who may call a new method");
    assert_eq!(table.len(), access.len(), "a method is named twice");
    for (method, roles) in access {
        assert!(!roles.is_empty(), "{method} is closed to everybody");
    }
}

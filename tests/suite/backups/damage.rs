//! What is not as it was written is named, and not restored.

use std::fs;
use std::path::Path;

use chengping_suite::backup::Manifest;
use sha2::{Digest as _, Sha256};

use super::published;
use super::world::{backup, restore, validate};
use crate::support::folder;

/// Flips a bit in the middle of a file.
fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Writes another manifest that is whole in itself.
fn rewrite(from: &Path, change: impl FnOnce(&mut Manifest)) {
    let path = from.join("backup.json");
    let mut manifest: Manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(path, manifest.to_bytes().unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_or_in_the_way_is_named_and_nothing_is_changed() {
    let suite = published().await;
    let from = suite.scratch().join("backup");
    backup(&suite.data(), &from, &[]).expect(0);
    let existing = backup(&suite.data(), &from, &[]);
    assert!(existing.stderr.contains("there already"), "{}", existing.stderr);
    existing.expect(1);
    validate(&from).expect(0);
    let stopped = suite.stop().await;

    // All that is wrong, and where; and no data folder begins.
    let copy = stopped.path().join("copy");
    let none = stopped.path().join("none");
    let refuses = |damage: &dyn Fn(&Path), words: &[&str]| {
        let _ = fs::remove_dir_all(&copy);
        fs::create_dir_all(copy.join("keys")).unwrap();
        for file in ["backup.json", "database.dump", "keys/log.seed", "keys/webhook.seed"] {
            fs::copy(from.join(file), copy.join(file)).unwrap();
        }
        damage(&copy);
        for done in [validate(&copy), restore(&copy, &none, &[])] {
            assert_eq!(done.code, 1, "{words:?}");
            for word in words {
                assert!(done.stderr.contains(word), "{word}: {}", done.stderr);
            }
        }
        assert!(!none.exists(), "{words:?}");
    };
    for file in ["database.dump", "keys/log.seed", "backup.json"] {
        refuses(&|copy| flip(&copy.join(file)), &[file, "damaged"]);
        let word = if file == "backup.json" { "no finished backup" } else { "missing" };
        refuses(&|copy| fs::remove_file(copy.join(file)).unwrap(), &[file, word]);
    }
    let both = |copy: &Path| {
        flip(&copy.join("keys/webhook.seed"));
        fs::write(copy.join("database.dump"), "").unwrap();
    };
    refuses(&both, &["keys/webhook.seed is damaged", "database.dump has 0 bytes"]);
    let newer = |copy: &Path| {
        rewrite(copy, |it| it.migrations.get_mut("scoring").unwrap().push(29_991_231_000_000));
    };
    refuses(&newer, &["29991231000000", "newer than this release"]);
    let format = |copy: &Path| rewrite(copy, |it| it.format = "chengping.backup/2".to_owned());
    refuses(&format, &["chengping.backup/2", "reads chengping.backup/1"]);

    // A dump that breaks off, in a backup that says so of itself: the server takes it all back.
    let broken = stopped.path().join("broken");
    fs::rename(&copy, &broken).unwrap();
    let half = fs::read(from.join("database.dump")).unwrap();
    let half = &half[..half.len() / 2];
    fs::copy(from.join("backup.json"), broken.join("backup.json")).unwrap();
    fs::write(broken.join("database.dump"), half).unwrap();
    rewrite(&broken, |manifest| {
        let dump = manifest.files.iter_mut().find(|file| file.file == "database.dump").unwrap();
        (dump.bytes, dump.sha256) = (half.len() as u64, hex::encode(Sha256::digest(half)));
    });
    validate(&broken).expect(0);
    let done = restore(&broken, &none, &[]);
    assert!(done.stderr.contains("pg_restore failed"), "{}", done.stderr);
    done.expect(1);
    assert!(!none.exists());
    // An empty folder stays, and stays empty.
    fs::create_dir(&none).unwrap();
    restore(&broken, &none, &[]).expect(1);
    assert_eq!(fs::read_dir(&none).unwrap().count(), 0);
    fs::write(from.join("keys/note.txt"), "mine").unwrap();
    let noted = restore(&from, &none, &[]);
    assert!(noted.stderr.contains("note.txt is no part"), "{}", noted.stderr);
    noted.expect(0);
    assert!(!none.join("keys/note.txt").exists());

    what_is_in_the_way(&from, &stopped.path().join("data"));
}

fn what_is_in_the_way(from: &Path, used: &Path) {
    let seed = fs::read(used.join("keys/log.seed")).unwrap();
    let done = restore(from, used, &[]);
    assert!(done.stderr.contains("is not empty") && done.stderr.contains("postgres"));
    done.expect(1);
    assert_eq!(fs::read(used.join("keys/log.seed")).unwrap(), seed);

    // Another key of the same name is not overwritten; the same one is no hindrance.
    let other = folder();
    let keys = other.path().join("keys");
    fs::create_dir(&keys).unwrap();
    fs::write(keys.join("log.seed"), "0".repeat(64)).unwrap();
    let done = restore(from, other.path(), &[]);
    assert!(done.stderr.contains("log.seed is another key"), "{}", done.stderr);
    done.expect(1);
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1);
    fs::write(keys.join("log.seed"), seed).unwrap();
    restore(from, other.path(), &[]).expect(0);

    let nowhere = folder();
    let done = backup(&nowhere.path().join("nothing"), &nowhere.path().join("b"), &[]);
    assert!(done.stderr.contains("no suite has kept data"), "{}", done.stderr);
    done.expect(1);
    assert_eq!(fs::read_dir(nowhere.path()).unwrap().count(), 0);
}

//! Whether a token is believed.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chengping_chassis::error::ApiError as _;
use chengping_chassis::identity::{
    Grant, IdentityConfig, IdentityMode, Issuer, IssuerError, KeysError, Principal, Refusal, Role,
    Scope, Verifier,
};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// An RSA key, and a token that another program signed with it; its `exp` is 2000.
const RSA: &str = "xaP-vTjRiQc8AW_2-SKaIjoEragseBY2kmVKd7OsJdlHsUn-IH43GKQUlIhlSaDTP41F0ayPrqXFhXfQ4adjy-ZJ2p3fPQ8Co9qms9eXi7tZ7shLtuwAUDUtFyP5gqqd_iEQgJx_bCKQPgrVAepnRd4-ETT4X_dhhjvJAo91sx0peNVygulBRZH33sRm3okvPa4fPTpESBnsOctLoJ8hmRVp9QmWmMPgilFmrocMNc2xxeWuFJ7FHLEcet1OY2aV2yQOSMDKOaLXIRpbz4cvGVVGWn84bu2YIxzjDizUoVGAX3w37X8xnBfOTNxfHqc8oK1DewzxKsGjuJ-Uc306yQ";
const RSA_TOKEN: &str = "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInJzYSJ9.eyJpc3MiOiAiaHR0cHM6Ly9pZC5leGFtcGxlIiwgImF1ZCI6ICJjaGVuZ3BpbmciLCAic3ViIjogImxpLndlaSIsICJleHAiOiAyMDAwLCAicm9sZXMiOiBbImF1ZGl0b3IiXSwgImp1cmlzZGljdGlvbnMiOiAiKiJ9.siUbk0NaBd0HqXft4EHabxmmu9MZeJPSFiZbO5kLc9gxqgQvTVhMNhvx6DRNSY_BINDO5TYcv256jQw_dVvCfpNqF5gwQXqt33t-ut9krf6F90ApSO31DaiLHjwnJ1zXlvswxSEySTMzIqqz1baHXBDq_V2bgWL3TgJ_j7SmmDIidv4bMSH8Zi867HGqxRYWJ0vBzTxcJM0poE05BWmKjCXXqWg3TdVtrZvB5LmbVcwC-iHHzlVyGmuISkIolB_FlqqBN50IU11IzoswfQkFO4UTlGOIILquLsjpvuLC0NrtA8luE9XzHcuHzofwSHJrFEfuWWRJNCG1mzF3MIDC4g";
const ISSUER: &str = "https://id.example";
/// When the tokens of the tests are looked at, unless a test says otherwise.
const NOW: u64 = 1_000;

/// A folder with a key file of two keys, and the private halves.
struct Lab {
    folder: TempDir,
    ed: Ed25519KeyPair,
    ec: EcdsaKeyPair,
}

impl Lab {
    fn new() -> Self {
        let random = SystemRandom::new();
        let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let lab = Self {
            folder: tempfile::tempdir().unwrap(),
            ed: Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap(),
            ec: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, ec.as_ref(), &random)
                .unwrap(),
        };
        lab.keep(&[lab.ed_jwk("ed"), lab.ec_jwk("ec"), rsa_jwk()]);
        lab
    }

    fn ed_jwk(&self, kid: &str) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": base64(self.ed.public_key())})
    }

    fn ec_jwk(&self, kid: &str) -> Value {
        let (x, y) = self.ec.public_key().as_ref()[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": base64(x), "y": base64(y)})
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("jwks.json")
    }

    fn keep(&self, keys: &[Value]) {
        // Replaced, as whoever rotates keys should do it: another file in the same second differs.
        let draft = self.folder.path().join("draft");
        fs::write(&draft, json!({"keys": keys}).to_string()).unwrap();
        fs::rename(draft, self.path()).unwrap();
    }

    fn config(&self) -> IdentityConfig {
        IdentityConfig {
            mode: IdentityMode::Required,
            issuers: BTreeSet::from([ISSUER.to_owned()]),
            jwks_file: Some(self.path()),
            ..IdentityConfig::default()
        }
    }

    fn verifier(&self) -> Verifier {
        Verifier::new(&self.config()).unwrap()
    }

    /// A verifier that looks at the file for each token.
    fn eager(&self) -> Verifier {
        Verifier::with_reload(&self.config(), Duration::ZERO).unwrap()
    }

    fn ed_token(&self, header: &Value, claims: &Value) -> String {
        signed(header, claims, |message| self.ed.sign(message).as_ref().to_vec())
    }

    /// A token with these changes to good claims.
    fn token(&self, changes: &Value) -> String {
        self.ed_token(&json!({"alg": "EdDSA", "kid": "ed"}), &claims(changes))
    }
}

fn rsa_jwk() -> Value {
    json!({"kty": "RSA", "kid": "rsa", "alg": "RS256", "use": "sig", "n": RSA, "e": "AQAB"})
}

fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": "chengping", "sub": "li.wei", "exp": 2_000,
        "roles": ["auditor"], "jurisdictions": ["zz"],
    });
    for (key, value) in changes.as_object().unwrap() {
        claims[key] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(key);
        }
    }
    claims
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn signed(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", base64(header.to_string()), base64(claims.to_string()));
    let signature = base64(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn reason(outcome: Result<Principal, Refusal>) -> &'static str {
    outcome.map_or_else(|refusal| refusal.reason(), |_| "believed")
}

#[test]
fn a_good_token_says_who_calls_and_for_what() {
    let lab = Lab::new();
    let token = lab.token(&json!({
        "aud": ["other", "chengping"], "roles": ["auditor", "offline_access"],
        "bodies": "*", "azp": "console", "act": {"sub": "portal"},
    }));
    let principal = lab.verifier().verify(&token, NOW).unwrap();
    assert_eq!(principal.subject(), "li.wei");
    assert_eq!(principal.roles(), &BTreeSet::from([Role::Auditor]));
    assert_eq!(principal.jurisdictions(), &Scope::Only(BTreeSet::from(["zz".to_owned()])));
    assert_eq!(principal.bodies(), &Scope::All);
    assert_eq!(principal.through(), Some("portal"));

    let bare = lab.token(&json!({"roles": null, "jurisdictions": null}));
    let principal = lab.verifier().verify(&bare, NOW).unwrap();
    assert!(principal.roles().is_empty(), "no roles are no rights");
    assert_eq!(principal.jurisdictions(), &Scope::Only(BTreeSet::new()));
}

#[test]
fn all_three_algorithms_are_believed_and_a_changed_byte_is_not() {
    let lab = Lab::new();
    let ec = signed(&json!({"alg": "ES256", "kid": "ec"}), &claims(&json!({})), |message| {
        lab.ec.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    });
    for token in [lab.token(&json!({})), ec, RSA_TOKEN.to_owned()] {
        assert_eq!(reason(lab.verifier().verify(&token, NOW)), "believed", "{token}");
        let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
        parts[1] = base64(claims(&json!({"roles": ["administrator"]})).to_string());
        assert_eq!(reason(lab.verifier().verify(&parts.join("."), NOW)), "TOKEN_INVALID");
    }
}

#[test]
fn what_is_wrong_with_the_claims_is_told_apart() {
    let lab = Lab::new();
    let cases = [
        (json!({"iss": "https://evil.example"}), "TOKEN_ISSUER_UNKNOWN"),
        (json!({"iss": [ISSUER, "https://evil.example"]}), "TOKEN_INVALID"),
        (json!({"aud": "other"}), "TOKEN_AUDIENCE_OTHER"),
        (json!({"aud": ["other", "chengping2"]}), "TOKEN_AUDIENCE_OTHER"),
        (json!({"exp": 939}), "TOKEN_EXPIRED"),
        (json!({"nbf": 1_061}), "TOKEN_NOT_YET_VALID"),
        (json!({"iss": null}), "TOKEN_INVALID"),
        (json!({"aud": null}), "TOKEN_INVALID"),
        (json!({"sub": null}), "TOKEN_INVALID"),
        (json!({"exp": null}), "TOKEN_INVALID"),
        (json!({"exp": "2000"}), "TOKEN_INVALID"),
        (json!({"exp": -1}), "TOKEN_INVALID"),
        (json!({"exp": 2000.5}), "TOKEN_INVALID"),
        (json!({"nbf": "now"}), "TOKEN_INVALID"),
        (json!({"sub": ""}), "TOKEN_INVALID"),
        (json!({"sub": "a\nb"}), "TOKEN_INVALID"),
        (json!({"sub": "x".repeat(129)}), "TOKEN_INVALID"),
        (json!({"roles": "auditor"}), "TOKEN_INVALID"),
        (json!({"jurisdictions": 7}), "TOKEN_INVALID"),
        (json!({"roles": vec!["a"; 1_001]}), "TOKEN_INVALID"),
        (json!({"note": "x".repeat(8 << 10)}), "TOKEN_INVALID"),
    ];
    for (changes, expected) in cases {
        let outcome = lab.verifier().verify(&lab.token(&changes), NOW);
        assert_eq!(reason(outcome), expected, "{changes}");
    }
    // A signature that does not fit says nothing of the claims.
    let mut stolen = lab.token(&json!({"exp": 1}));
    stolen.replace_range(stolen.len() - 20.., &"A".repeat(20));
    assert_eq!(reason(lab.verifier().verify(&stolen, NOW)), "TOKEN_INVALID");
}

#[test]
fn clocks_may_differ_by_the_skew_and_not_by_a_second_more() {
    let lab = Lab::new();
    let token = lab.token(&json!({"nbf": 1_000, "exp": 2_000}));
    let verifier = lab.verifier();
    for (now, expected) in [
        (939, "TOKEN_NOT_YET_VALID"),
        (940, "believed"),
        (2_059, "believed"),
        (2_060, "TOKEN_EXPIRED"),
        (u64::MAX, "TOKEN_EXPIRED"),
    ] {
        assert_eq!(reason(verifier.verify(&token, now)), expected, "{now}");
    }
    let strict = Verifier::new(&IdentityConfig { skew_s: 0, ..lab.config() }).unwrap();
    for (now, expected) in [
        (999, "TOKEN_NOT_YET_VALID"),
        (1_000, "believed"),
        (1_999, "believed"),
        (2_000, "TOKEN_EXPIRED"),
    ] {
        assert_eq!(reason(strict.verify(&token, now)), expected, "{now}");
    }
    let endless = lab.token(&json!({"exp": u64::MAX, "nbf": 0}));
    assert_eq!(reason(verifier.verify(&endless, NOW)), "believed");
}

#[test]
fn the_algorithm_is_that_of_the_key_whatever_the_token_says() {
    let lab = Lab::new();
    let verifier = lab.verifier();
    let public = lab.ed.public_key().as_ref().to_vec();
    let hmac = |message: &[u8]| {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &public);
        ring::hmac::sign(&key, message).as_ref().to_vec()
    };
    let good = claims(&json!({}));
    let headers = [
        json!({"alg": "HS256", "kid": "ed"}),
        json!({"alg": "none", "kid": "ed"}),
        json!({"alg": "None", "kid": "ed"}),
        json!({"alg": "RS256", "kid": "ed"}),
        json!({"alg": "ES256", "kid": "ed"}),
        json!({"alg": "EdDSA", "kid": "ec"}),
        json!({"alg": "EdDSA", "kid": "rsa"}),
        json!({"alg": "PS256", "kid": "rsa"}),
        json!({"kid": "ed"}),
        json!({"alg": "EdDSA"}),
        json!({"alg": "EdDSA", "kid": "ed", "crit": ["exp"]}),
    ];
    for header in headers {
        for token in [
            signed(&header, &good, hmac),
            lab.ed_token(&header, &good),
            signed(&header, &good, |_| Vec::new()),
        ] {
            assert_eq!(reason(verifier.verify(&token, NOW)), "TOKEN_INVALID", "{header}");
        }
    }
    // A key that comes with the token is nobody's.
    let own = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64(own.public_key())});
    for kid in ["ed", "mine", "../../etc/passwd"] {
        let header =
            json!({"alg": "EdDSA", "kid": kid, "jwk": jwk, "jku": "https://evil.example/"});
        let token = signed(&header, &good, |message| own.sign(message).as_ref().to_vec());
        let expected = if kid == "ed" { "TOKEN_INVALID" } else { "TOKEN_KEY_UNKNOWN" };
        assert_eq!(reason(verifier.verify(&token, NOW)), expected);
    }
}

#[test]
fn while_keys_are_rotated_old_and_new_ones_hold() {
    let lab = Lab::new();
    let verifier = lab.eager();
    let old = lab.token(&json!({}));
    let header = json!({"alg": "EdDSA", "kid": "new"});
    let new = lab.ed_token(&header, &claims(&json!({})));
    let both = |verifier: &Verifier| {
        (reason(verifier.verify(&old, NOW)), reason(verifier.verify(&new, NOW)))
    };
    assert_eq!(both(&verifier), ("believed", "TOKEN_KEY_UNKNOWN"));
    lab.keep(&[lab.ed_jwk("ed"), lab.ed_jwk("new")]);
    assert_eq!(both(&verifier), ("believed", "believed"));
    // Half a file, or none, locks nobody out.
    fs::write(lab.path(), "{\"keys\": [{").unwrap();
    assert_eq!(both(&verifier), ("believed", "believed"));
    fs::remove_file(lab.path()).unwrap();
    assert_eq!(both(&verifier), ("believed", "believed"));
    lab.keep(&[lab.ed_jwk("new")]);
    assert_eq!(both(&verifier), ("TOKEN_KEY_UNKNOWN", "believed"));
}

#[test]
fn an_unknown_key_does_not_make_the_file_be_read_for_every_call() {
    let lab = Lab::new();
    let hour = Duration::from_secs(3_600);
    let verifier = Verifier::with_reload(&lab.config(), hour).unwrap();
    lab.keep(&[lab.ed_jwk("new")]);
    let header = json!({"alg": "EdDSA", "kid": "new"});
    let new = lab.ed_token(&header, &claims(&json!({})));
    for _ in 0..3 {
        assert_eq!(reason(verifier.verify(&new, NOW)), "TOKEN_KEY_UNKNOWN");
    }
}

#[test]
fn a_key_file_that_is_no_use_is_refused_at_the_start() {
    let lab = Lab::new();
    let ed = lab.ed_jwk("ed");
    let with = |key: &str, value: &str| {
        let mut jwk = ed.clone();
        jwk[key] = value.into();
        jwk
    };
    let hmac = json!({"kty": "oct", "kid": "ed", "k": "c2VjcmV0"});
    for (keys, what) in [
        (vec![], "no key that can be used"),
        (vec![hmac], "is a secret"),
        (vec![with("d", "c2VjcmV0")], "is a secret"),
        (vec![ed.clone(), ed.clone()], "kid of another key"),
        (vec![with("use", "enc")], "no key that can be used"),
        (vec![with("alg", "HS256")], "no key that can be used"),
        (vec![with("crv", "Ed448")], "no key that can be used"),
        (vec![with("kid", "")], "no key that can be used"),
        (vec![json!("text")], "no key that can be used"),
        (vec![ed.clone(); 101], "more than 100"),
    ] {
        lab.keep(&keys);
        let error = Verifier::new(&lab.config()).unwrap_err().to_string();
        assert!(error.contains(what) && !error.contains("c2VjcmV0"), "{error}");
    }
    fs::write(lab.path(), vec![b' '; (1 << 20) + 1]).unwrap();
    assert!(Verifier::new(&lab.config()).unwrap_err().to_string().contains("larger"));
    fs::remove_file(lab.path()).unwrap();
    assert!(matches!(Verifier::new(&lab.config()), Err(KeysError::Read { .. })));
    // What cannot be used beside what can is left out.
    lab.keep(&[json!({"kty": "OKP", "crv": "X25519", "kid": "x", "x": "AA"}), ed]);
    assert_eq!(reason(lab.verifier().verify(&lab.token(&json!({})), NOW)), "believed");
}

#[test]
fn a_refusal_never_quotes_the_token() {
    let lab = Lab::new();
    let secret = "hunter2hunter2";
    for changes in [
        json!({"sub": format!("{secret}\n")}),
        json!({"iss": secret}),
        json!({"aud": secret}),
        json!({"exp": secret}),
        json!({"exp": 1, "note": secret}),
    ] {
        let refusal = lab.verifier().verify(&lab.token(&changes), NOW).unwrap_err();
        let shown = format!("{refusal} {refusal:?} {:?}", refusal.metadata());
        assert!(!shown.contains(secret), "{shown}");
    }
    let refusal = lab.verifier().verify(secret, NOW).unwrap_err();
    assert!(!format!("{refusal} {refusal:?}").contains(secret));
}

proptest! {
    #[test]
    fn no_text_is_believed_that_was_not_signed(text in "\\PC{0,80}(\\.\\PC{0,80}){0,3}") {
        let lab = Lab::new();
        prop_assert!(lab.verifier().verify(&text, NOW).is_err());
    }

    #[test]
    fn no_part_of_a_token_can_be_changed(at in any::<prop::sample::Index>(), by in 1..64_u8) {
        let lab = Lab::new();
        let mut token = lab.token(&json!({})).into_bytes();
        let at = at.index(token.len());
        token[at] = token[at].wrapping_add(by) & 0x7f;
        let token = String::from_utf8(token).unwrap();
        prop_assert!(lab.verifier().verify(&token, NOW).is_err(), "{}", token);
    }

    #[test]
    fn hostile_headers_and_claims_do_no_harm(header in "\\PC{0,40}", claims in "\\PC{0,80}") {
        let lab = Lab::new();
        let message = format!("{}.{}", base64(&header), base64(&claims));
        let token = format!("{message}.{}", base64(lab.ed.sign(message.as_bytes())));
        prop_assert!(lab.verifier().verify(&token, NOW).is_err());
        let good = base64(json!({"alg": "EdDSA", "kid": "ed"}).to_string());
        let message = format!("{good}.{}", base64(&claims));
        let token = format!("{message}.{}", base64(lab.ed.sign(message.as_bytes())));
        prop_assert!(lab.verifier().verify(&token, NOW).is_err());
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_local_issuer_rotates_its_key_and_voids_a_former_one() {
    let folder = tempfile::tempdir().unwrap();
    let first = Issuer::open_or_create(folder.path()).unwrap();
    let verifier = Verifier::with_reload(&first.config(), Duration::ZERO).unwrap();
    let grant = Grant::everything("li", Duration::from_secs(60));
    let former_token = first.issue_at(&grant, NOW).unwrap();
    let former = first.keys().unwrap()[0].kid.clone();
    let second = first.rotate(Duration::ZERO).unwrap();
    let newer_token = second.issue_at(&grant, NOW).unwrap();
    let opened = Issuer::open_or_create(folder.path()).unwrap();
    assert_eq!(opened.keys().unwrap(), second.keys().unwrap());
    assert_eq!(mode(&folder.path().join("issuer.key")), 0o600);
    for token in [&former_token, &newer_token, &opened.issue_at(&grant, NOW).unwrap()] {
        assert!(verifier.verify(token, NOW).is_ok());
    }
    let [signing, believed] = &opened.keys().unwrap()[..] else { panic!("two keys") };
    assert_eq!((signing.signs, believed.signs, &believed.kid), (true, false, &former));
    assert!(matches!(opened.drop_key(&signing.kid), Err(IssuerError::KeySigns(_))));
    assert!(matches!(opened.drop_key("x"), Err(IssuerError::KeyUnknown { .. })));
    opened.drop_key(&former).unwrap();
    assert_eq!(reason(verifier.verify(&former_token, NOW)), "TOKEN_KEY_UNKNOWN");
    assert!(verifier.verify(&newer_token, NOW).is_ok());
}

#[test]
fn a_local_issuer_makes_its_key_once_and_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("identity");
    assert!(matches!(Issuer::open(&folder), Err(IssuerError::Io { .. })), "it makes none itself");
    let issuer = Issuer::open_or_create(&folder).unwrap();
    let key = folder.join("issuer.key");
    assert_eq!((mode(&folder), mode(&key)), (0o700, 0o600));
    let verifier = Verifier::new(&issuer.config()).unwrap();
    let grant = Grant::everything("李伟", Duration::from_secs(60));
    let token = Issuer::open_or_create(&folder).unwrap().issue(&grant).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let principal = verifier.verify(&token, now.as_secs()).unwrap();
    assert_eq!(principal.subject(), "李伟");
    assert_eq!(principal.roles().len(), Role::ALL.len());
    assert_eq!(reason(verifier.verify(&token, now.as_secs() + 121)), "TOKEN_EXPIRED");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "no draft stays");
    let nobody = Grant { subject: " ".to_owned(), ..grant };
    assert!(matches!(issuer.issue(&nobody), Err(IssuerError::Subject(_))));

    // What everybody may read is read by the services of other accounts; spoilt, it is not replaced.
    let public = folder.join("jwks.json");
    assert_eq!(mode(&public), 0o644);
    let good = fs::read(&public).unwrap();
    fs::write(&public, &good[..good.len() / 2]).unwrap();
    assert!(matches!(Issuer::open_or_create(&folder), Err(IssuerError::Io { .. })));
    assert_eq!(fs::read(&public).unwrap(), good[..good.len() / 2]);
    fs::write(&public, good).unwrap();

    let text = fs::read_to_string(&key).unwrap();
    assert!(!format!("{issuer:?}").contains(text.trim()));
    fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(Issuer::open(&folder), Err(IssuerError::Exposed { mode: 0o640, .. })));
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, &text[..40]).unwrap();
    let error = Issuer::open(&folder).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&text[..20]), "{error}");
}

use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use chengping_chassis::postgres::private::{
    Options, PrivateError, PrivatePostgres, holds_data, is_in_use, move_data, remove_data,
    url_of_running,
};
use chengping_testing::{PATIENCE, Process, eventually};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

/// Tells `hold_a_server` where to.
const HOLD: &str = "CHENGPING_TEST_HOLD";

/// A folder that the server's account can enter.
fn folder() -> TempDir {
    chengping_testing::reachable_folder().unwrap()
}

async fn start(data_dir: &Path) -> PrivatePostgres {
    PrivatePostgres::start(&Options::for_tests(data_dir)).await.unwrap()
}

async fn connect(server: &PrivatePostgres) -> PgConnection {
    PgConnection::connect(&server.admin_url()).await.unwrap()
}

async fn write(server: &PrivatePostgres) {
    let mut connection = connect(server).await;
    connection.execute("CREATE TABLE kept AS SELECT 42 AS answer").await.unwrap();
    connection.execute("CHECKPOINT").await.unwrap();
}

async fn read(server: &PrivatePostgres) -> i32 {
    let mut connection = connect(server).await;
    sqlx::query_scalar("SELECT answer FROM kept").fetch_one(&mut connection).await.unwrap()
}

fn is_running(pid: u32) -> bool {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), None).is_ok()
}

fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

#[tokio::test]
async fn data_survives_a_stop_and_a_start() {
    let folder = folder();
    // The server's folder need not exist.
    let data_dir = folder.path().join("new/postgres");
    let server = start(&data_dir).await;
    write(&server).await;
    let pid = server.process_id().unwrap();
    server.stop().await;
    assert!(!is_running(pid));

    let server = start(&data_dir).await;
    assert_eq!(read(&server).await, 42);
    server.stop().await;
}

#[tokio::test]
async fn only_the_private_socket_leads_to_it() {
    let folder = folder();
    let server = start(folder.path()).await;
    let mut connection = connect(&server).await;
    let listening: String =
        sqlx::query_scalar("SHOW listen_addresses").fetch_one(&mut connection).await.unwrap();
    assert_eq!(listening, "");
    let socket_dir: String = sqlx::query_scalar("SHOW unix_socket_directories")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let mode = Path::new(&socket_dir).metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);

    let url = server.create_database("toys").await.unwrap();
    assert_eq!(server.create_database("toys").await.unwrap(), url);
    assert!(PgConnection::connect(&url).await.is_ok());
    server.stop().await;
}

#[tokio::test]
async fn a_long_path_of_any_letters_will_do() {
    let folder = folder();
    let data_dir = folder.path().join("城评 data, 100%").join("x".repeat(80));
    let server = start(&data_dir).await;
    write(&server).await;
    assert_eq!(read(&server).await, 42);
    server.stop().await;
}

#[tokio::test]
async fn an_interrupted_initialisation_is_done_again() {
    let folder = folder();
    let unfinished = folder.path().join("pgdata.new");
    std::fs::create_dir(&unfinished).unwrap();
    std::fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    let server = start(folder.path()).await;
    assert!(!unfinished.exists());
    server.stop().await;
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused() {
    let folder = folder();
    let server = start(folder.path()).await;
    let error = PrivatePostgres::start(&Options::for_tests(folder.path())).await.unwrap_err();
    assert!(matches!(error, PrivateError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("in use by another process"), "{error}");
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_dies_is_brought_back() {
    let folder = folder();
    let server = start(folder.path()).await;
    write(&server).await;
    let first = server.process_id().unwrap();
    send(first, Signal::SIGKILL);
    let second = eventually(async || server.process_id().filter(|pid| *pid != first)).await;
    assert!(second.is_some());
    assert_eq!(read(&server).await, 42);
    assert!(!server.failed().is_cancelled());
    server.stop().await;
}

/// A session that computes does not look whether its server is still there.
#[tokio::test]
async fn a_server_that_is_killed_while_a_session_is_busy_is_brought_back() {
    let folder = folder();
    let server = start(folder.path()).await;
    write(&server).await;
    let mut connection = connect(&server).await;
    let busy = tokio::spawn(async move {
        connection.execute("DO 'BEGIN LOOP PERFORM 1; END LOOP; END'").await.map(drop)
    });
    let mut other = connect(&server).await;
    eventually(async || {
        let active = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO %'";
        let count: i64 = sqlx::query_scalar(active).fetch_one(&mut other).await.unwrap();
        (count > 0).then_some(())
    })
    .await
    .unwrap();

    let first = server.process_id().unwrap();
    send(first, Signal::SIGKILL);
    let second = eventually(async || server.process_id().filter(|pid| *pid != first)).await;
    assert!(second.is_some());
    assert!(busy.await.unwrap().is_err());
    assert_eq!(read(&server).await, 42);
    assert!(!server.failed().is_cancelled());
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_cannot_start_shows_the_end_of_its_log() {
    let folder = folder();
    start(folder.path()).await.stop().await;
    std::fs::write(folder.path().join("pgdata/postgresql.conf"), "nonsense = 1\n").unwrap();
    let error = PrivatePostgres::start(&Options::for_tests(folder.path())).await.unwrap_err();
    assert!(matches!(error, PrivateError::Start { .. }), "{error}");
    assert!(error.to_string().contains("nonsense"), "{error}");
}

#[tokio::test]
async fn a_number_that_another_process_has_by_now_does_not_stop_the_start() {
    let folder = folder();
    start(folder.path()).await.stop().await;
    // As after a restart of a container: our own number, in the file of an old server.
    let old = format!("{}\n{}\n", std::process::id(), folder.path().display());
    std::fs::write(folder.path().join("pgdata/postmaster.pid"), old).unwrap();
    start(folder.path()).await.stop().await;
}

#[tokio::test]
async fn dropping_stops_the_server_too() {
    let folder = folder();
    let server = start(folder.path()).await;
    let pid_file = folder.path().join("pgdata/postmaster.pid");
    assert!(pid_file.exists());
    drop(server);
    let gone = eventually(async || (!pid_file.exists()).then_some(())).await;
    assert!(gone.is_some());
}

/// Not a test: the process that the next tests kill.
#[tokio::test]
#[ignore = "started by other tests, as a process of its own"]
async fn hold_a_server() {
    let Some(data_dir) = std::env::var_os(HOLD) else { return };
    let server = start(Path::new(&data_dir)).await;
    write(&server).await;
    tracing_subscriber::fmt().init();
    tracing::info!("holding");
    std::future::pending::<()>().await;
}

async fn hold(data_dir: &Path) -> Process {
    let arguments = ["--exact", "private::hold_a_server", "--ignored", "--nocapture"];
    let program = std::env::current_exe().unwrap();
    let mut process = Process::start(program, arguments, [(HOLD, data_dir)]).unwrap();
    process.wait_for_line("holding", PATIENCE).await.unwrap();
    process
}

fn postmaster(data_dir: &Path) -> u32 {
    let text = std::fs::read_to_string(data_dir.join("pgdata/postmaster.pid")).unwrap();
    text.lines().next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_a_killed_process_left_running_is_replaced() {
    let folder = folder();
    let mut holder = hold(folder.path()).await;
    let left = postmaster(folder.path());
    holder.kill().await.unwrap();
    assert!(is_running(left));

    let server = start(folder.path()).await;
    assert_ne!(server.process_id(), Some(left));
    assert_eq!(read(&server).await, 42);
    server.stop().await;
}

#[tokio::test]
async fn data_survives_when_everything_is_killed() {
    let folder = folder();
    let mut holder = hold(folder.path()).await;
    let left = postmaster(folder.path());
    holder.kill().await.unwrap();
    send(left, Signal::SIGKILL);

    let server = start(folder.path()).await;
    assert_eq!(read(&server).await, 42);
    server.stop().await;
}

#[tokio::test]
async fn another_process_is_told_that_the_data_is_in_use() {
    let folder = folder();
    let _holder = hold(folder.path()).await;
    let error = PrivatePostgres::start(&Options::for_tests(folder.path())).await.unwrap_err();
    assert!(matches!(error, PrivateError::InUse { .. }), "{error}");
    send(postmaster(folder.path()), Signal::SIGINT);
}

/// A data folder below one that is closed to the server's account, and a place elsewhere.
fn closed() -> Option<(TempDir, Options)> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let open = folder();
    let closed = open.path().join("closed");
    DirBuilder::new().mode(0o700).create(&closed).unwrap();
    let elsewhere = vec![open.path().join("not/there"), open.path().join("elsewhere")];
    let options = Options::for_tests(closed.join("data"));
    Some((open, Options { elsewhere, ..options }))
}

fn pointed_at(options: &Options) -> PathBuf {
    let text = std::fs::read_to_string(options.data_dir.join("postgres.location")).unwrap();
    text.trim_end().into()
}

#[tokio::test]
async fn data_closed_to_the_servers_account_is_kept_elsewhere_and_found_again() {
    let Some((open, options)) = closed() else { return };
    let server = PrivatePostgres::start(&options).await.unwrap();
    write(&server).await;
    let mode = open.path().join("closed").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let place = pointed_at(&options);
    assert!(place.starts_with(open.path().join("elsewhere").canonicalize().unwrap()));
    assert_eq!(place.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let error = PrivatePostgres::start(&options).await.unwrap_err();
    assert!(matches!(error, PrivateError::InUse { .. }), "{error}");
    // A copy of the folder has a lock of its own, and leads to the same data.
    let copy = Options { data_dir: open.path().join("copy"), ..options.clone() };
    std::fs::create_dir(&copy.data_dir).unwrap();
    let pointer = "postgres.location";
    std::fs::copy(options.data_dir.join(pointer), copy.data_dir.join(pointer)).unwrap();
    let error = PrivatePostgres::start(&copy).await.unwrap_err();
    assert!(matches!(error, PrivateError::InUse { .. }), "{error}");
    // New data does not meet old.
    let other = Options { data_dir: open.path().join("closed/other"), ..options.clone() };
    let new = PrivatePostgres::start(&other).await.unwrap();
    assert!(connect(&new).await.execute("SELECT * FROM kept").await.is_err());
    assert_ne!(pointed_at(&other), place);
    new.stop().await;

    // As if this process had been killed with its server: the next one finds both.
    let left = server.process_id().unwrap();
    send(left, Signal::SIGKILL);
    let back = eventually(async || server.process_id().filter(|pid| *pid != left)).await;
    assert!(back.is_some());
    assert_eq!(read(&server).await, 42);
    server.stop().await;
    let server = PrivatePostgres::start(&options).await.unwrap();
    assert_eq!(read(&server).await, 42);
    assert_eq!(pointed_at(&options), place);
    server.stop().await;

    std::fs::remove_dir_all(&place).unwrap();
    let error = PrivatePostgres::start(&options).await.unwrap_err();
    assert!(matches!(error, PrivateError::Gone { .. }), "{error}");
    assert!(error.to_string().contains(place.to_str().unwrap()), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn data_is_moved_and_removed_with_all_that_is_elsewhere_of_it() {
    let root = folder();
    let (here, there) = (root.path().join("a"), root.path().join("b"));
    let mut cases = vec![(Options::for_tests(&here), there)];
    let closed = closed();
    if let Some((_, options)) = &closed {
        cases.push((options.clone(), options.data_dir.with_file_name("moved")));
    }
    for (options, to) in cases {
        let from = &options.data_dir;
        assert!(!holds_data(from).unwrap());
        let server = PrivatePostgres::start(&options).await.unwrap();
        write(&server).await;
        let url = url_of_running(from, "postgres").unwrap().unwrap();
        assert_eq!(url, server.admin_url());
        assert!(holds_data(from).unwrap() && is_in_use(from).unwrap());
        assert!(matches!(remove_data(from).await, Err(PrivateError::InUse { .. })));
        server.stop().await;
        assert_eq!(url_of_running(from, "postgres").unwrap(), None);

        move_data(from, &to).unwrap();
        assert!(!from.exists() && holds_data(&to).unwrap() && !is_in_use(&to).unwrap());
        let moved = Options { data_dir: to.clone(), ..options.clone() };
        let server = PrivatePostgres::start(&moved).await.unwrap();
        assert_eq!(read(&server).await, 42);
        server.stop().await;
        let elsewhere = to.join("postgres.location").exists().then(|| pointed_at(&moved));
        if let Some(folder) = &elsewhere {
            let back = std::fs::read_to_string(folder.join("data-folder")).unwrap();
            assert_eq!(Path::new(back.trim_end()), to);
        }
        remove_data(&to).await.unwrap();
        assert!(!to.exists() && elsewhere.is_none_or(|folder| !folder.exists()));
        remove_data(&to).await.unwrap();
    }
}

#[tokio::test]
async fn data_whose_folder_was_closed_later_moves_and_is_found() {
    let Some((open, options)) = closed() else { return };
    let closed = open.path().join("closed");
    let set = |mode| std::fs::set_permissions(&closed, Permissions::from_mode(mode)).unwrap();
    set(0o755);
    let server = PrivatePostgres::start(&options).await.unwrap();
    write(&server).await;
    server.stop().await;
    assert!(options.data_dir.join("pgdata").exists());

    set(0o700);
    let server = PrivatePostgres::start(&options).await.unwrap();
    assert_eq!(read(&server).await, 42);
    server.stop().await;
    assert!(pointed_at(&options).join("pgdata").exists());
    // Opened again, the data is still where it went.
    set(0o755);
    let server = PrivatePostgres::start(&options).await.unwrap();
    assert_eq!(read(&server).await, 42);
    server.stop().await;
}

#[tokio::test]
async fn data_that_a_restore_gave_to_root_is_given_back() {
    let Some((open, options)) = closed() else { return };
    let options = Options { data_dir: open.path().join("data"), ..options };
    let server = PrivatePostgres::start(&options).await.unwrap();
    write(&server).await;
    server.stop().await;
    let cluster = options.data_dir.join("pgdata");
    let restored = open.path().join("restored");
    // Without -p: everything belongs to root and is open to others.
    let status = Command::new("cp").arg("-r").args([&cluster, &restored]).status().unwrap();
    assert!(status.success());
    std::fs::set_permissions(&restored, Permissions::from_mode(0o755)).unwrap();
    std::fs::remove_dir_all(&cluster).unwrap();
    std::fs::rename(&restored, &cluster).unwrap();

    let server = PrivatePostgres::start(&options).await.unwrap();
    assert_eq!(read(&server).await, 42);
    server.stop().await;
}

#[tokio::test]
async fn without_a_place_elsewhere_the_closed_folder_is_named() {
    let Some((open, options)) = closed() else { return };
    // Whoever may write there could put other data in its place.
    std::fs::create_dir(&options.elsewhere[1]).unwrap();
    std::fs::set_permissions(&options.elsewhere[1], Permissions::from_mode(0o777)).unwrap();
    let error = PrivatePostgres::start(&options).await.unwrap_err();
    let PrivateError::Unreachable { folder, .. } = &error else { panic!("{error}") };
    assert_eq!(folder, &open.path().join("closed").canonicalize().unwrap());
}

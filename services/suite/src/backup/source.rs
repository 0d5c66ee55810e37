//! Which database is backed up: that of a suite that runs, the one that was named, or that of a
//! suite that does not run, which is started for the time.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use chengping_chassis::postgres::private::{
    Options, PrivateError, PrivatePostgres, holds_data, is_in_use, url_of_running,
};
use tokio::time::Instant;

use crate::discovery;
use crate::suite_file::SuiteFile;
use crate::up::database::{DATABASE, private_folder};

const PAUSE: Duration = Duration::from_millis(100);

/// A database that can be read.
pub struct Source {
    admin_url: String,
    private: Option<PrivatePostgres>,
}

impl Source {
    /// Finds the database of the suite of `data`; `url` is the one that was named besides. A server
    /// that is still starting is given `patience`.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be started.
    pub async fn open(
        data: &Path,
        url: Option<String>,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        let folder = private_folder(data);
        let holds = holds_data(&folder)?;
        let in_use = holds && is_in_use(&folder)?;
        if let Some(admin_url) = url.filter(|_| !in_use) {
            return Ok(Self { admin_url, private: None });
        }
        let suite = SuiteFile::read(data)?;
        if let Some(suite) = suite.filter(|_| !in_use)
            && discovery::runs(&suite).await
        {
            bail!(
                "the suite in {} (pid {}) keeps its data in another database; set DATABASE_URL as \
                 it was at its start",
                data.display(),
                suite.pid
            );
        }
        if !holds {
            bail!("no suite has kept data in {}; name its folder with --data", data.display());
        }
        let end = Instant::now() + patience;
        loop {
            // Whoever uses it may stop at any time.
            match PrivatePostgres::start(&Options::new(&folder)).await {
                Ok(private) => {
                    // Made where the first start of a suite was cut short.
                    let admin_url = private.create_database(DATABASE).await?;
                    return Ok(Self { admin_url, private: Some(private) });
                }
                Err(PrivateError::InUse { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            let running = url_of_running(&folder, DATABASE);
            let running = running.context("cannot find the server of the suite")?;
            if let Some(admin_url) = running {
                return Ok(Self { admin_url, private: None });
            }
            if Instant::now() >= end {
                bail!("the server of the suite in {} does not get ready", data.display());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The URL of an administrator.
    pub fn admin_url(&self) -> &str {
        &self.admin_url
    }

    /// Stops what was started.
    pub async fn close(self) {
        if let Some(private) = self.private {
            private.stop().await;
        }
    }
}

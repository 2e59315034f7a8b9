//! Fetches the files that a conversation names by URL, before the gateway sees the conversation. Bounds, masking, cache
//! key and everything else are those of the files' bytes, and no provider gets the URL.
//!
//! Neither a URL, nor a host, nor a part of a file may be logged: they are the tenant's.

use super::ask::Requester;
use super::completion::Completions;
use super::gateway::count_call;
use application_core::{Context, Error};
use domain::authority::{Authority, CreateCompletions};
use ports::{RemoteFile, RemoteFileError, RemoteFileLimits, RemoteFiles};
use std::time::Duration;

/// The most files that one request may name by URL. They are fetched at the same time.
pub const MOST_REMOTE_FILES: usize = 8;
/// The most bytes of a file: as many as a body of 2 MiB can hold in base64.
const MOST_BYTES: usize = 3 * 512 * 1024;
/// The time for all files of a request together.
const FETCH_TIME: Duration = Duration::from_secs(5);

/// Fetches the files at the first [`MOST_REMOTE_FILES`] of these URLs, in their order. Each file is there, or the reason why it is not.
///
/// The request is counted like a request to a model before any host is asked, so that a caller over its limit can't make
/// functions ask other people's hosts. The gateway counts it once more when it asks the model: its own look-up needs the
/// bytes of the files. So a request with files by URL counts twice.
pub async fn fetch_files<T: ?Sized>(
    needs: &Completions<T>,
    files: &dyn RemoteFiles,
    context: &Context,
    authority: &Authority<CreateCompletions>,
    (model, urls): (Option<&str>, &[String]),
) -> Result<Vec<Result<RemoteFile, RemoteFileError>>, Error> {
    // No host is asked for a model that does not exist.
    if let Some(name) = model {
        needs.registry.named(name).map_err(|_| Error::UnknownModel)?;
    }
    count_call(&needs.gateway, context, &Requester::of(authority.caller())).await?;
    let limits = RemoteFileLimits { bytes: MOST_BYTES, time: FETCH_TIME.min(context.time_left()) };
    let fetches = urls.iter().take(MOST_REMOTE_FILES).map(|url| files.fetch(url, limits));
    let fetched = futures_util::future::join_all(fetches).await;
    let failed = fetched.iter().filter(|file| file.is_err()).count();
    tracing::info!(files = fetched.len(), failed, "the files of a request were fetched");
    Ok(fetched)
}

//! The configuration of a process, which follows the deployed document.

use crate::session::{Latest, SessionError, Sessions};
use crate::{DEFAULT, StartError};
use adapter_aws::SdkConfig;
use domain::configuration::{ConfigurationError, ModelCatalog, RuntimeConfiguration};
use domain::field::{FieldError, InvalidFields};
use ports::Configuration;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

/// How long a configuration is used before the process looks for a newer one.
const HOLDS: Duration = Duration::from_secs(60);
/// How long the document of the build is used: it may lack settings of the operators, such as a guardrail.
const DEFAULT_HOLDS: Duration = Duration::from_secs(5);
/// How long a start waits for AppConfig.
const START: Duration = Duration::from_millis(1500);
/// The most reads at the start: a second one if AppConfig fails at once, which it does when it throttles.
const STARTING_LOOKS: usize = 2;

/// The configuration from AppConfig. Clones share everything.
#[derive(Clone)]
pub struct AppConfig(Arc<Shared>);

struct Shared {
    sessions: Sessions,
    /// The models that documents may name; `None` if the function calls no models.
    catalog: Option<ModelCatalog>,
    holds: Duration,
    default_holds: Duration,
    state: Mutex<State>,
}

struct State {
    current: Arc<RuntimeConfiguration>,
    /// Whether AppConfig has returned a valid document.
    deployed: bool,
    token: Option<String>,
    next_look: Instant,
    looking: bool,
    /// The hash of the last document that was refused, or of which names were left out, so that a new session does not
    /// report it again.
    reported: Option<blake3::Hash>,
}

impl AppConfig {
    /// Follows this application. It waits at most one and a half seconds for AppConfig, and begins with the document of
    /// the build if there is no answer.
    pub async fn start(
        config: &SdkConfig,
        application: String,
        catalog: Option<ModelCatalog>,
    ) -> Result<Self, StartError> {
        Self::holding(config, application, catalog, HOLDS, DEFAULT_HOLDS).await
    }

    /// Follows with other times between reads: after a deployed configuration, and after that of the build.
    pub async fn holding(
        config: &SdkConfig,
        application: String,
        catalog: Option<ModelCatalog>,
        holds: Duration,
        default_holds: Duration,
    ) -> Result<Self, StartError> {
        let build = RuntimeConfiguration::parse(DEFAULT, catalog.as_ref())?;
        let current = Arc::new(RuntimeConfiguration { is_of_build: true, ..build });
        let now = Instant::now();
        let state =
            State { current, deployed: false, token: None, next_look: now, looking: true, reported: None };
        let sessions = Sessions::new(config, application, holds.max(Duration::from_secs(15)));
        let shared = Arc::new(Shared { sessions, catalog, holds, default_holds, state: Mutex::new(state) });
        let looks = async {
            for _ in 0..STARTING_LOOKS {
                shared.look().await;
                if shared.state().token.is_some() {
                    break;
                }
            }
        };
        if timeout(START, looks).await.is_err() {
            shared.failed(&SessionError::Late);
        }
        if !shared.state().deployed {
            tracing::warn!(
                configuration_default = 1,
                application = shared.sessions.application(),
                "AppConfig gave no configuration; the function starts with that of its build"
            );
        }
        Ok(Self(shared))
    }
}

impl Configuration for AppConfig {
    fn current(&self) -> Arc<RuntimeConfiguration> {
        let mut state = self.0.state();
        // Outside of a runtime no task can be started.
        if let (true, Ok(runtime)) =
            (!state.looking && Instant::now() >= state.next_look, Handle::try_current())
        {
            state.looking = true;
            let shared = Arc::clone(&self.0);
            runtime.spawn(async move { shared.look().await });
        }
        Arc::clone(&state.current)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for a newer document. The caller has set `looking`.
    async fn look(&self) {
        let ending = Ending(self);
        let token = self.state().token.take();
        match self.sessions.latest(token).await {
            Ok((latest, token)) => self.answered(latest, token),
            Err(error) => self.failed(&error),
        }
        drop(ending);
    }

    fn answered(&self, latest: Latest, token: String) {
        let taken = latest.document.map(|document| (blake3::hash(&document), self.read(&document)));
        let mut state = self.state();
        state.token = Some(token);
        match taken {
            None => {}
            Some((hash, Ok((configuration, left_out)))) => {
                state.deployed = true;
                if left_out.is_empty() {
                    state.reported = None;
                } else if state.reported.replace(hash) != Some(hash) {
                    tell_of_unknown_names(left_out);
                }
                if *state.current != configuration {
                    state.current = Arc::new(configuration);
                }
            }
            Some((hash, Err(error))) => {
                let known = state.reported.replace(hash) == Some(hash);
                if !known {
                    tell_of_refusal(&error);
                }
            }
        }
        state.next_look = Instant::now() + self.pause(&state).max(latest.pause);
    }

    /// A token whose answer was lost is used up, so the next read begins a new session.
    fn failed(&self, error: &SessionError) {
        let mut state = self.state();
        state.token = None;
        state.next_look = Instant::now() + self.pause(&state);
        tracing::warn!(
            configuration_unreachable = 1,
            error = error as &dyn std::error::Error,
            "the configuration could not be looked for; the last good one is kept"
        );
    }

    fn pause(&self, state: &State) -> Duration {
        if state.deployed { self.holds } else { self.default_holds }
    }

    /// The configuration, and the names in it that this build does not know.
    fn read(&self, document: &[u8]) -> Result<(RuntimeConfiguration, Vec<FieldError>), ConfigurationError> {
        RuntimeConfiguration::parse_deployed(document, self.catalog.as_ref())
    }
}

fn tell_of_refusal(error: &ConfigurationError) {
    tracing::error!(
        configuration_refused = 1,
        error = error as &dyn std::error::Error,
        "the configuration document is refused; the last good one is kept"
    );
}

fn tell_of_unknown_names(names: Vec<FieldError>) {
    tracing::warn!(
        configuration_unknown_names = names.len(),
        error = &InvalidFields(names) as &dyn std::error::Error,
        "the configuration document has names that this build does not know or can't call; they are left out"
    );
}

/// Allows the next read to begin, even if this one was dropped before its end.
struct Ending<'a>(&'a Shared);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.state().looking = false;
    }
}

impl fmt::Debug for AppConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AppConfig").finish_non_exhaustive()
    }
}

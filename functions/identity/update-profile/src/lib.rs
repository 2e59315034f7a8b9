//! `PUT /v1/users/profile`: replaces the caller's name and preferences, unless they changed since the caller read them.

use application_identity as identity;
use application_identity::ProfileReplacement;
use contracts::identity::{Profile, ReplaceProfileRequest};
use domain::authority::{Authority, UseAccount};
use domain::identity::{ProfileInput, check_profile};
use edge::http::{Replacement, unchanged};
use edge::{Problem, Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// Members that a client can read but not set.
const READ_ONLY: [&str; 9] = [
    "id",
    "account_id",
    "email",
    "role",
    "organization_id",
    "organization_name",
    "email_verified",
    "mfa_enabled",
    "created_at",
];

/// The handler and its ports.
pub struct UpdateProfile {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for UpdateProfile {
    type Permission = UseAccount;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseAccount>) -> RouteFuture<'a> {
        let judge = |body: &ReplaceProfileRequest| check_profile(&input(body)).map(drop);
        let Replacement { body, read_only } = request.replacement(&READ_ONLY, judge)?;
        let precondition = request.replacement_precondition()?;
        let context = request.context();
        Ok(Box::pin(async move {
            let replacement = ProfileReplacement {
                precondition: &precondition,
                input: &input(&body),
                check: &|current| unchanged(&read_only, &shown(current)),
            };
            let store = self.store.as_ref();
            let changed = identity::update_profile(store, &context, &authority, &replacement).await?;
            let body = shown(&changed).ok_or_else(Problem::not_found)?;
            Ok(Response::json(200, &body)?.with_etag(changed.account.version))
        }))
    }
}

fn shown(profile: &identity::Profile) -> Option<Profile> {
    presentation::profile(&profile.account.state, &profile.member, &profile.organization, profile.mfa_enabled)
}

/// The body as input of the domain.
fn input(body: &ReplaceProfileRequest) -> ProfileInput<'_> {
    ProfileInput {
        name: &body.name,
        locale: body.preferences.locale.as_deref(),
        time_zone: body.preferences.time_zone.as_deref(),
        theme: body.preferences.theme.as_deref(),
    }
}

//! `PUT /v1/members/{id}`: replaces the role and the status of a member, unless it changed since the caller read it.

use application_tenancy as tenancy;
use application_tenancy::MemberReplacement;
use contracts::member::ReplaceMemberRequest;
use domain::authority::{Authority, ManageMembers};
use domain::id::AccountId;
use domain::tenancy::{MemberInput, check_member};
use edge::http::{Replacement, unchanged};
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// Fields that a client can read but not set.
const READ_ONLY: [&str; 5] = ["account_id", "email", "name", "joined_at", "version"];

/// The handler and its ports.
pub struct UpdateMember {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for UpdateMember {
    type Permission = ManageMembers;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ManageMembers>) -> RouteFuture<'a> {
        let id: AccountId = request.id("id")?;
        let judge = |body: &ReplaceMemberRequest| check_member(input(body)).map(drop);
        let Replacement { body, read_only } = request.replacement(&READ_ONLY, judge)?;
        let precondition = request.replacement_precondition()?;
        let context = request.context();
        Ok(Box::pin(async move {
            let replacement = MemberReplacement {
                precondition: &precondition,
                input: input(&body),
                check: &|current| unchanged(&read_only, &presentation::member(current)),
            };
            let store = self.store.as_ref();
            let member = tenancy::update_member(store, &context, &authority, id, &replacement).await?;
            Ok(Response::json(200, &presentation::member(&member))?.with_etag(member.version))
        }))
    }
}

/// The body as input of the domain.
fn input(body: &ReplaceMemberRequest) -> MemberInput<'_> {
    MemberInput { role: &body.role, status: &body.status }
}

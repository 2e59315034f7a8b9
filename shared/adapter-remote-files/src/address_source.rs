//! Where connections get the addresses of a host. The guard stands here, in the resolver of the connector, so that the
//! checked addresses are the ones that are connected to. Nothing resolves the name a second time, so a name server that
//! gives another answer the second time (DNS rebinding) gains nothing.

use crate::public_address::is_public;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use ports::BoxFuture;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;
use tower_service::Service;

/// The addresses of a host, or the reason why it has none.
type Addresses = io::Result<Vec<SocketAddr>>;

/// Looks up the addresses of a host by its name.
#[derive(Clone)]
pub(crate) struct AddressSource(Arc<dyn Fn(Name) -> BoxFuture<'static, Addresses> + Send + Sync>);

impl AddressSource {
    pub(crate) fn new(
        look_up: impl Fn(Name) -> BoxFuture<'static, Addresses> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(look_up))
    }

    /// The resolver of the system.
    pub(crate) fn system() -> Self {
        Self::new(|name| Box::pin(async move { Ok(GaiResolver::new().call(name).await?.collect()) }))
    }

    /// The same addresses, if all of them are public. A host of which one is not is not asked at all: it would be a
    /// matter of chance where the connection goes.
    pub(crate) fn only_public(self) -> Self {
        Self::new(move |name| {
            let found = self.0(name);
            Box::pin(async move {
                let addresses = found.await?;
                if addresses.iter().all(|address| is_public(address.ip())) {
                    Ok(addresses)
                } else {
                    Err(io::Error::new(io::ErrorKind::PermissionDenied, "an address is not public"))
                }
            })
        })
    }
}

impl Service<Name> for AddressSource {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let found = self.0(name);
        Box::pin(async move { Ok(found.await?.into_iter()) })
    }
}

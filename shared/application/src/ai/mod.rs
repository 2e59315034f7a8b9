//! What the product asks of language models, and what it does with their answers. Tenant data is data: it never stands in
//! instructions, and whatever it says, the schema, the chain and the permissions stay as they are.

mod output;
mod prices;
mod prompt;
mod scorer;

pub use prices::{ModelPrice, PriceTable, PriceTableError, UnknownModel};
pub use scorer::{LeadScorer, ScoringRequest};

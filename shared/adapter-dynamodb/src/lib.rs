//! adapter-dynamodb.

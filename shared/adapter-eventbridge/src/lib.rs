//! adapter-eventbridge.

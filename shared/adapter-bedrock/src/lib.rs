//! adapter-bedrock.

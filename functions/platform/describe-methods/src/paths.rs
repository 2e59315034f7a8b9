//! The paths of the contract, from the list that the build script writes.

use edge::problem::ProblemFormat;

/// A line for each path: the path, the format of its errors, and its methods.
const PATHS: &str = include_str!(concat!(env!("OUT_DIR"), "/paths.txt"));

/// A path of the contract.
#[derive(Clone, Copy)]
pub(crate) struct Path {
    /// With the names of its parameters: `/v1/leads/{id}`.
    pub(crate) template: &'static str,
    /// The format of its errors.
    pub(crate) format: ProblemFormat,
    /// In the form of `Allow`.
    pub(crate) methods: &'static str,
}

impl Path {
    /// Its operations, such as `GET /v1/models`; HEAD and OPTIONS, which every path may have, are left out.
    pub(crate) fn operations(self) -> impl Iterator<Item = String> {
        let methods = self.methods.split(", ").filter(|method| !["HEAD", "OPTIONS"].contains(method));
        methods.map(move |method| format!("{method} {}", self.template))
    }

    /// Whether a request with these segments after `/v1` is one for this path.
    fn matches(self, segments: &[&str]) -> bool {
        let template = self.template.split('/').filter(|part| !part.is_empty()).skip(1);
        template.clone().count() == segments.len()
            && template.zip(segments).all(|(part, segment)| part.starts_with('{') || part == *segment)
    }
}

/// Every path.
pub(crate) fn all() -> impl Iterator<Item = Path> {
    PATHS.lines().filter_map(|line| {
        let (template, rest) = line.split_once(' ')?;
        let (format, methods) = rest.split_once(' ')?;
        let format = match format {
            "openai" => ProblemFormat::OpenAi,
            "anthropic" => ProblemFormat::Anthropic,
            _ => ProblemFormat::Problem,
        };
        Some(Path { template, format, methods })
    })
}

/// The path with this template.
pub(crate) fn listed(template: &str) -> Option<Path> {
    all().find(|path| path.template == template)
}

/// The path of a request with these segments after `/v1`. As at the gateway, a literal segment counts more than a
/// parameter.
pub(crate) fn matching(segments: &[&str]) -> Option<Path> {
    let below_v1 = all().filter(|path| path.template.starts_with("/v1/"));
    below_v1.filter(|path| path.matches(segments)).min_by_key(|path| path.template.matches('{').count())
}

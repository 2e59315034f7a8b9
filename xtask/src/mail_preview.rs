//! Writes all mails with sample data, so that people can look at them.

use crate::Outcome;
use crate::environment::{folder, target};
use crate::error::{Error, at};
use crate::say::{detail, step};
use domain::identity::MailLanguage;
use mail_templates::{MailTemplate, MailValues, render};
use std::fmt::Write as _;
use std::fs;

/// The values of the previews.
const VALUES: MailValues<'static> = MailValues {
    organization: "Northwind Traders",
    color: "#1f4e79",
    name: "Ada Byron",
    link: "https://console.example.com/page#token=sxm_a-token-would-be-here",
    at: "2025-11-21T09:10:00.000Z",
};

/// Writes each mail as an HTML and a text file, and a page with links to all of them.
pub(crate) fn mail_preview() -> Outcome {
    let to = folder(target().join("mail"))?;
    let index = step("writing the mails", || {
        let mut links = String::new();
        for template in MailTemplate::ALL {
            for language in MailLanguage::ALL {
                let mail = render(template, language, &VALUES).map_err(|error| {
                    Error::Content(format!("{} {}: {error}", template.as_str(), language.as_str()))
                })?;
                let name = format!("{}.{}", template.as_str(), language.as_str());
                for (ending, text) in [("html", &mail.html), ("txt", &mail.text)] {
                    let file = to.join(format!("{name}.{ending}"));
                    fs::write(&file, text).map_err(at(&file))?;
                }
                let _ = writeln!(
                    links,
                    "<li>{}: <a href=\"{name}.html\">{name}.html</a>, <a href=\"{name}.txt\">text</a></li>",
                    mail.subject
                );
            }
        }
        let index = to.join("index.html");
        let page = format!(
            "<!doctype html><meta charset=\"utf-8\"><title>Mails</title><h1>Mails</h1><ul>\n{links}</ul>\n"
        );
        fs::write(&index, page).map_err(at(&index))?;
        Ok(index)
    })?;
    detail(format!("Open {}", index.display()));
    Ok(())
}

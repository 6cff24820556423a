//! Mapping templates 导入模板: how one kind of file is read, kept as TOML and known again by the
//! fingerprint of its header.

use std::collections::BTreeMap;

use heqi_domain::Currency;
use serde::{Deserialize, Serialize};

use crate::checks::warning;
use crate::plan::{DateOrder, DecimalMark, Plan};
use crate::{Column, Role, View, Warning, words};

/// How one kind of file is read. Everything that is left out is found in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Version of this form, 1.
    pub version: u32,
    /// Fingerprint of the header that it was made from.
    pub fingerprint: String,
    /// From whose books such files speak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<View>,
    /// Currency of rows that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) decimal: Option<DecimalMark>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dates: Option<DateOrder>,
    /// Round amounts with more decimals than their currency half up, instead of rejecting them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub round: bool,
    /// Column names by role.
    pub columns: BTreeMap<Role, Vec<String>>,
}

/// The template cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Not the form of a template.
    #[error("not a template: {0}")]
    Malformed(String),
    /// A later version of the form.
    #[error("the template is of version {0}; this program reads version 1")]
    Version(u32),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`]
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let template: Self =
            toml::from_str(text).map_err(|it| TemplateError::Malformed(it.message().to_owned()))?;
        if template.version != 1 {
            return Err(TemplateError::Version(template.version));
        }
        Ok(template)
    }

    /// The template as TOML.
    ///
    /// # Errors
    /// [`TemplateError::Malformed`] if it cannot be written, which no template of ours does.
    pub fn to_toml(&self) -> Result<String, TemplateError> {
        toml::to_string_pretty(self).map_err(|it| TemplateError::Malformed(it.to_string()))
    }

    /// Whether a file with these column names is of the kind that the template was made from.
    pub fn fits<'a>(&self, names: impl Iterator<Item = &'a str>) -> bool {
        fingerprint(names) == self.fingerprint
    }

    /// The template of a plan: its roles, number style, date order and, where known, view.
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut columns: BTreeMap<Role, Vec<String>> = BTreeMap::new();
        for column in plan.columns.iter().filter(|it| it.role != Role::Ignored) {
            columns.entry(column.role).or_default().push(column.name.clone());
        }
        let view = |it| if it { View::Payable } else { View::Receivable };
        Self {
            version: 1,
            fingerprint: fingerprint(plan.columns.iter().map(|it| it.name.as_str())),
            view: plan.mirrored.map(view),
            currency: None,
            decimal: Some(plan.mark),
            dates: Some(plan.order),
            round: plan.round,
            columns,
        }
    }

    /// Every role with each of its columns.
    pub(crate) fn roles(&self) -> impl Iterator<Item = (Role, String)> {
        let pairs = |(role, names): (&Role, &Vec<String>)| {
            names.iter().map(|name| (*role, name.clone())).collect::<Vec<_>>()
        };
        self.columns.iter().flat_map(pairs)
    }

    /// A warning where the header is not the one that the template was made from.
    pub(crate) fn other_header(&self, columns: &[Column]) -> Option<Warning> {
        if self.fits(columns.iter().map(|it| it.name.as_str())) {
            return None;
        }
        Some(warning(
            "template_other_header",
            None,
            "the template was made from a file with another header; its columns were found by name"
                .into(),
            "模板来自表头不同的文件，已按列名套用，请核对".into(),
        ))
    }
}

/// Fingerprint of a header: of the names in order, without regard to case, blanks and marks.
pub fn fingerprint<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    for name in names {
        joined.push_str(&words::fold(name));
        joined.push('\u{1F}');
    }
    format!("{:016x}", twox_hash::XxHash3_64::oneshot(joined.as_bytes()))
}

#[cfg(test)]
mod tests;

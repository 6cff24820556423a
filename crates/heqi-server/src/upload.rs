//! An upload: the bytes of a file and its name, as a form or as they are.

use axum::body::to_bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::{HeaderMap, StatusCode};

use crate::problem::Problem;

/// Largest file. A million rows of text are about a third of it.
pub const FILE_MAX: usize = 256 << 20;

/// A file that somebody sent.
#[derive(Debug)]
pub struct Received {
    /// What it is called; empty if nobody said.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl<S: Send + Sync> FromRequest<S> for Received {
    type Rejection = Problem;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Problem> {
        let named = header(request.headers(), "x-file-name").map(|name| decoded(&name));
        let kind = header(request.headers(), "content-type").unwrap_or_default();
        let mut received = if kind.starts_with("multipart/form-data") {
            DefaultBodyLimit::max(FILE_MAX).apply(&mut request);
            form(Multipart::from_request(request, state).await.map_err(|_| bad_form())?).await?
        } else {
            let bytes = to_bytes(request.into_body(), FILE_MAX).await.map_err(|_| too_large())?;
            Self { name: String::new(), bytes: bytes.into() }
        };
        if let Some(name) = named {
            received.name = name;
        }
        if received.bytes.is_empty() {
            let en = "The upload is empty; choose a file";
            return Err(Problem::invalid("empty_upload", "没有收到文件内容；请选择文件再传", en));
        }
        Ok(received)
    }
}

impl Received {
    /// The same, if it is no larger than this.
    ///
    /// # Errors
    /// 413.
    pub fn within(self, bytes: usize) -> Result<Self, Problem> {
        if self.bytes.len() > bytes { Err(larger_than(bytes)) } else { Ok(self) }
    }
}

async fn form(mut form: Multipart) -> Result<Received, Problem> {
    while let Some(field) = form.next_field().await.map_err(|_| bad_form())? {
        let Some(name) = field.file_name().map(str::to_owned) else { continue };
        let bytes = field.bytes().await.map_err(|_| too_large())?;
        return Ok(Received { name, bytes: bytes.into() });
    }
    Err(bad_form())
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// `%E5%AF%B9.csv` as 对.csv; what is not so written stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%');
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        if let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The name of a file without its folders and control characters, 200 characters at most.
#[must_use]
pub fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|it| !it.is_control()).take(200).collect();
    let kept = kept.trim().to_owned();
    if kept.is_empty() { "file".to_owned() } else { kept }
}

fn bad_form() -> Problem {
    Problem::invalid(
        "bad_form",
        "表单里没有文件；请用名为 file 的文件字段上传",
        "The form holds no file; send one in a field named `file`",
    )
}

fn too_large() -> Problem {
    larger_than(FILE_MAX)
}

fn larger_than(bytes: usize) -> Problem {
    let size = bytes >> 20;
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "file_too_large",
        format!("文件超过 {size} MiB，或上传中断；请拆分后再传"),
        format!(
            "The file exceeds {size} MiB, or the upload broke off; split it and send the parts"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_and_stripped() {
        assert_eq!(decoded("%E5%AF%B9%E8%B4%A6.csv"), "对账.csv");
        assert_eq!(decoded("100%.csv"), "100%.csv");
        assert_eq!(plain_name("../../etc/a\u{0}b.csv"), "ab.csv");
        assert_eq!(plain_name("C:\\x\\"), "file");
    }
}

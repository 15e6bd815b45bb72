//! The page of a SageMaker notebook, which shows that somebody got there (assumed: sagemaker-notebook).

use super::call::Call;
use super::{NOW, reply, text};
use crate::guest::{Answer, HeaderValue};

const PAGE: &str = "<!DOCTYPE HTML>\n<html>\n<head><meta charset=\"utf-8\"><title>Home</title></head>\n\
                    <body class=\"notebook_list\"><h1>Jupyter</h1></body>\n</html>\n";

pub fn answer(call: &Call<'_>) -> Answer {
    let is_read = matches!(call.request.method, "GET" | "HEAD");
    let (status, location, body) = match (is_read, call.path) {
        (false, _) => (405, None, ""),
        (true, "/") => (302, Some("/tree"), ""),
        (true, "/tree" | "/lab") => (200, None, PAGE),
        (true, _) => (404, None, ""),
    };
    let mut headers = vec![
        ("Server", text("TornadoServer/6.4")),
        ("Content-Type", text("text/html; charset=UTF-8")),
        ("Date", NOW),
    ];
    headers.extend(location.map(|location| ("Location", text(location))));
    headers.push(("Content-Length", HeaderValue::ContentLength));
    reply(status, headers, body)
}

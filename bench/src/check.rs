//! Before anything is measured: both sides must give the same answer.

use std::net::SocketAddr;

use serde_json::Value;

use crate::failed::{Failed, Outcome, fail};
use crate::server::Running;

/// Where billpay answers everything.
pub const GRAPHQL: &str = "/graphql";

/// Asks both for the same and compares all of it.
pub async fn same(billpay: &Running, ceiling: &Running, path: &str, token: &str, body: &str) -> Outcome<()> {
    let ours = data(billpay.address, GRAPHQL, token, body).await?;
    let theirs = data(ceiling.address, path, token, body).await?;
    if ours == theirs { Ok(()) } else { fail(format!("the answers differ:\n{ours}\n{theirs}")) }
}

/// Asks both for something of their own and compares all but what must differ: ids, keys and times.
pub async fn alike(billpay: &Running, ceiling: &Running, path: &str, token: &str, bodies: [&str; 2]) -> Outcome<()> {
    let ours = masked(data(billpay.address, GRAPHQL, token, bodies[0]).await?);
    let theirs = masked(data(ceiling.address, path, token, bodies[1]).await?);
    if ours == theirs { Ok(()) } else { fail(format!("the answers differ:\n{ours}\n{theirs}")) }
}

/// The data of one answer.
pub async fn data(address: SocketAddr, path: &str, token: &str, body: &str) -> Outcome<Value> {
    let request = reqwest::Client::new().post(format!("http://{address}{path}")).bearer_auth(token);
    let answer = request.header("content-type", "application/json").body(body.to_owned()).send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    let mut answer: Value = serde_json::from_str(&text).map_err(|error| Failed::from(error).at(&text))?;
    let refused = answer.pointer("/data/createPayment/errors/0").is_some();
    if !status.is_success() || answer.get("errors").is_some() || refused {
        return fail(format!("{path} answered {status}: {text}"));
    }
    Ok(answer["data"].take())
}

fn masked(mut data: Value) -> Value {
    for place in ["id", "createdAt", "accountReference"] {
        if let Some(value) = data.pointer_mut(&format!("/createPayment/payment/{place}")) {
            *value = Value::Null;
        }
    }
    data
}

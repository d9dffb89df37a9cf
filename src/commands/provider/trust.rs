//! `billpay provider bill trust`: the second factor of BILL, without which it takes no payments.
//!
//! BILL sends six digits to the phone of the user who signs in; they are read from standard input. What is printed on
//! standard output are the two settings that make every later session trusted, and nothing else.

use std::io;
use std::process::ExitCode;

use super::super::Failed;
use crate::config::BillSettings;
use crate::ports::clock::Clock;
use crate::providers::bill::Challenge;

/// The digits of a token.
const TOKEN_DIGITS: usize = 6;

/// Which device.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What BILL is to call this device.
    #[arg(long, default_value = "billpay")]
    device: String,
}

pub(super) async fn run(arguments: &Arguments, settings: &BillSettings) -> Result<ExitCode, Failed> {
    let device = arguments.device.trim();
    if device.is_empty() || device.chars().any(char::is_control) {
        return Err(Failed("--device needs a name in one line".to_owned()));
    }
    let challenge = Challenge::begin(settings, Clock::default()).await?;
    eprintln!("BILL has sent {TOKEN_DIGITS} digits to the phone of this user. Enter them:");
    let line = tokio::task::spawn_blocking(read_line).await??;
    let token = token(&line)
        .ok_or_else(|| Failed(format!("these are not {TOKEN_DIGITS} digits; run the command again for new ones")))?;
    let remember_me_id = challenge.pass(token, device).await?;
    println!("BILLPAY_PROVIDERS__BILL__REMEMBER_ME_ID={}", remember_me_id.expose());
    println!("BILLPAY_PROVIDERS__BILL__DEVICE={device}");
    Ok(ExitCode::SUCCESS)
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line)
}

/// What was entered, if it can be a token at all.
fn token(line: &str) -> Option<&str> {
    let token = line.trim();
    (token.len() == TOKEN_DIGITS && token.bytes().all(|digit| digit.is_ascii_digit())).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_six_digits_in_a_line() {
        assert_eq!(token(" 123456\r\n"), Some("123456"));
        for line in ["", "\n", "12345", "1234567", "12345a", "１２３４５６"] {
            assert_eq!(token(line), None, "{line}");
        }
    }
}

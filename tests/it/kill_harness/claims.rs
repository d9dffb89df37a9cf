//! The rule of claims: what is sent is sent under a claim of its own, and nobody is robbed of a claim.
//!
//! Whoever marks a submission holds it for longer than its call and the margin of its lease together. So under a later
//! claim nothing was done before that time was over, unless the answer had been stored by then.

use billpay::config::LEASE_MARGIN;
use billpay::domain::payment::AttemptKind;
use entity::attempt::{Column, Entity, Model};
use sea_orm::{DatabaseConnection, EntityTrait, QueryOrder};

use super::world::CALL_TIMEOUT;

/// What was done, submission by submission, in its order.
pub(super) async fn read(connection: &DatabaseConnection) -> Vec<Model> {
    let rows = Entity::find().order_by_asc(Column::SubmissionId).order_by_asc(Column::No).all(connection).await;
    rows.expect("the attempts")
}

/// Claims under which two things were sent, and claims that ended too early.
pub(super) fn faults(attempts: &[Model]) -> Vec<String> {
    let of_one = attempts.chunk_by(|one, next| one.submission_id == next.submission_id);
    of_one.flat_map(|attempts| repeated(attempts).chain(robbed(attempts)).collect::<Vec<_>>()).collect()
}

fn repeated(attempts: &[Model]) -> impl Iterator<Item = String> {
    let sent = attempts.iter().filter(|attempt| is_submit(attempt));
    let next = sent.clone().skip(1);
    let pairs = sent.zip(next).filter(|(one, next)| one.fence >= next.fence);
    pairs.map(|(one, next)| {
        let (id, one, next) = (one.submission_id, (one.no, one.fence), (next.no, next.fence));
        format!("submission {id} was sent as attempt and fence {one:?}, and then as {next:?}")
    })
}

fn robbed(attempts: &[Model]) -> impl Iterator<Item = String> {
    let held = i64::try_from((CALL_TIMEOUT + LEASE_MARGIN).as_micros()).expect("a short time");
    let of_submit = move |held_by: &Model| {
        let is_too_early = |other: &&Model| {
            let was_over = held_by.ended_at.is_some_and(|end| end <= other.started_at);
            let since = other.started_at - held_by.started_at;
            other.fence > held_by.fence && !was_over && (0..held).contains(&since)
        };
        let thief = attempts.iter().find(is_too_early)?;
        let (id, since_ms) = (held_by.submission_id, (thief.started_at - held_by.started_at) / 1_000);
        Some(format!("submission {id}: fence {} was robbed by {} after {since_ms} ms", held_by.fence, thief.fence))
    };
    attempts.iter().filter(|attempt| is_submit(attempt)).filter_map(of_submit)
}

fn is_submit(attempt: &Model) -> bool {
    attempt.kind == AttemptKind::Submit.as_str()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn attempt(no: i32, fence: i64, started_ms: i64, ended_ms: Option<i64>) -> Model {
        Model {
            submission_id: Uuid::nil(),
            no,
            fence,
            kind: AttemptKind::Submit.as_str().to_owned(),
            state: "SENDING".to_owned(),
            started_at: started_ms * 1_000,
            deadline: 0,
            ended_at: ended_ms.map(|end| end * 1_000),
            http_status: None,
            provider_code: None,
            provider_message: None,
            provider_trace: None,
        }
    }

    #[test]
    fn one_after_the_other_is_right_and_what_comes_too_early_is_not() {
        assert!(faults(&[attempt(1, 1, 0, Some(300)), attempt(2, 2, 400, None)]).is_empty());
        assert!(faults(&[attempt(1, 1, 0, None), attempt(2, 2, 8_000, None)]).is_empty());
        assert_eq!(faults(&[attempt(1, 1, 0, Some(900)), attempt(2, 2, 400, None)]).len(), 1);
        assert_eq!(faults(&[attempt(1, 3, 0, Some(300)), attempt(2, 3, 400, None)]).len(), 1);
    }
}

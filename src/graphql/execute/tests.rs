use async_graphql::{ServerError, value};

use super::*;

fn told(number: i32) -> Answer {
    Answer::Executed(Box::new(Response::new(value!({ "number": number }))))
}

#[tokio::test]
async fn a_subscription_ends_with_the_event_that_could_not_be_told() {
    let untold = || Answer::of_panic(Cost::default(), "r1");
    let with_error = || {
        let mut response = Response::new(value!({ "number": 2, "some": null }));
        response.errors.push(ServerError::new("a part could not be told", None));
        Answer::Executed(Box::new(response))
    };
    let endless = stream::iter([told(1), with_error(), untold(), told(4)]).chain(stream::pending());
    let answers: Vec<_> = up_to_the_untold(endless).collect().await;
    let data = |answer: &Answer| match answer {
        Answer::Executed(response) => response.data.clone(),
        Answer::Refused(_) => panic!("nothing was refused"),
    };
    let heard: Vec<_> = answers.iter().map(data).collect();
    assert_eq!(heard, [value!({ "number": 1 }), value!({ "number": 2, "some": null }), Value::Null]);
}

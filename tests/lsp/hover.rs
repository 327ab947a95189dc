use serde_json::Value;

use crate::client::{BOTH, covered, place, with_both_languages};

#[tokio::test(flavor = "multi_thread")]
async fn says_what_a_property_is() {
    let mut client = with_both_languages().await;
    for ((uri, text), (before, underlined)) in
        BOTH.into_iter().zip([("  iden", "identity"), ("\"iden", "\"identity\"")])
    {
        let hover = client.request("textDocument/hover", place(uri, text, before)).await.unwrap();
        assert_eq!(covered(text, &hover["range"]), underlined);
        assert_eq!(hover["contents"]["kind"], "markdown");
        assert!(hover["contents"]["value"].as_str().unwrap().starts_with("`identity`: object"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn says_nothing_where_there_is_nothing() {
    let mut client = with_both_languages().await;
    for (uri, text) in BOTH {
        assert_eq!(client.request("textDocument/hover", place(uri, text, "AK")).await, Ok(Value::Null));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_the_signature_of_a_call() {
    let mut client = with_both_languages().await;
    for (uri, text) in BOTH {
        let help = client.request("textDocument/signatureHelp", place(uri, text, "toLower(")).await.unwrap();
        assert_eq!(help["signatures"][0]["label"], "toLower(text)");
        assert_eq!(help["signatures"][0]["parameters"][0]["label"], serde_json::json!([8, 12]));
        assert_eq!(help["activeParameter"], 0);
    }
}

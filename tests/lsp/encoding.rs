use serde_json::{Value, json};

use crate::client::TestClient;

const URI: &str = "file:///w/main.bicep";

fn offering(encodings: &[&str]) -> Value {
    json!({ "general": { "positionEncodings": encodings } })
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_count_what_was_agreed() {
    for (offered, agreed, column) in [
        (&["utf-8", "utf-16"][..], "utf-8", 9),
        (&["utf-16"], "utf-16", 6),
        (&["utf-32"], "utf-32", 5),
        (&[], "utf-16", 6),
    ] {
        let mut client = TestClient::start(offering(offered)).await;
        assert_eq!(client.announced["capabilities"]["positionEncoding"], agreed);
        client.open(URI, "bicep", 1, "\u{2028}\r\n// é𝒳bad\r\n");
        let shown = client.published(URI).await;
        let range = &shown["diagnostics"][0]["range"];
        assert_eq!(range["start"], json!({ "line": 1, "character": column }), "{agreed}");
        let [start, end] = [0, 3].map(|more| column + more);
        client.change(URI, 2, [1, start, 1, end], "good 𝒳 bad");
        let shown = client.settled(URI, 2).await;
        let more = match agreed {
            "utf-8" => 10,
            "utf-16" => 8,
            _ => 7,
        };
        assert_eq!(shown["diagnostics"][0]["range"]["start"]["character"], column + more, "{agreed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_end_where_the_protocol_says() {
    let mut client = TestClient::start(json!({})).await;
    client.open(URI, "bicep", 1, "//\u{b}\u{c}\u{85}\u{2028}\u{2029}\n//\r//\r\n// bad");
    let shown = client.published(URI).await;
    assert_eq!(shown["diagnostics"][0]["range"]["start"], json!({ "line": 3, "character": 3 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_behind_the_end_of_a_line_is_its_end() {
    let mut client = TestClient::start(json!({})).await;
    client.open(URI, "bicep", 1, "// b\r\n");
    client.published(URI).await;
    client.change(URI, 2, [0, 99, 0, 99], "ad");
    let shown = client.settled(URI, 2).await;
    assert_eq!(shown["diagnostics"][0]["range"]["end"], json!({ "line": 0, "character": 6 }));
}

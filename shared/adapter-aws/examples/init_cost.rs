//! The cost of starting up and of one call, in instructions.
//!
//! ```text
//! cargo build --release -p adapter-aws --example init_cost
//! target/release/examples/init_cost serve 127.0.0.1:18111 &
//! env -i AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b AWS_ENDPOINT_URL=http://127.0.0.1:18111 \
//!   valgrind --tool=callgrind target/release/examples/init_cost call 0
//! ```
//!
//! `call 0` is start-up alone; the difference between `call 1`, `call 2` and so on is the price of a call. Without
//! `AWS_ENDPOINT_URL` the trusted certificates are read too, as in AWS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use adapter_aws::{AwsSettings, PostSigning, sdk_config};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::types::AttributeValue;

const ITEM: &str =
    r#"{"Item":{"pk":{"S":"org_1#lead#1"},"sk":{"S":"state"},"version":{"N":"1"},"name":{"S":"x"}}}"#;

fn main() {
    let arguments: Vec<String> = env::args().collect();
    match (arguments[1].as_str(), arguments[2].as_str()) {
        ("serve", address) => serve(address),
        ("call", times) => call(times.parse().unwrap()),
        (other, _) => panic!("unknown mode {other}"),
    }
}

fn call(times: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let variables: Vec<(String, String)> = env::vars().collect();
    let variables = variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let config = sdk_config(&AwsSettings::read(variables).unwrap()).unwrap();
    let signing = PostSigning::new(&config, "dynamodb");
    let builder = Builder::from(&config).push_auth_scheme(signing.clone());
    let client = Client::from_conf(builder.interceptor(signing.clone()).retry_classifier(signing).build());
    runtime.block_on(async {
        for _ in 0..times {
            let read =
                client.get_item().table_name("state").key("pk", AttributeValue::S("org_1#lead#1".into()));
            assert!(read.send().await.unwrap().item.is_some());
        }
    });
}

fn serve(address: &str) {
    for stream in TcpListener::bind(address).unwrap().incoming() {
        let stream = stream.unwrap();
        std::thread::spawn(move || answer(stream));
    }
}

fn answer(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
        }
        reader.read_exact(&mut vec![0; length]).unwrap();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\n";
        write!(stream, "{head}content-length: {}\r\n\r\n{ITEM}", ITEM.len()).unwrap();
    }
}

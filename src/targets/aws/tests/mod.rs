//! The client against a stand-in for AWS.
